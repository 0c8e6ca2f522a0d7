// Command feedback takes in what SES says of mails.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/notifications/aws/feedback"
)

func main() { lambda.Start(os.Getenv, feedback.Open) }
