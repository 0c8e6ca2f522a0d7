// Command bare is the least that a Lambda function in Go is: what the starts of others
// are compared with.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
