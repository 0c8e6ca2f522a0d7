// Command pretoken is the Lambda function that a Cognito user pool asks before it makes
// tokens.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"ticketmesh.dev/platform/cognito"
)

func main() { lambda.Start(cognito.Pretoken) }
