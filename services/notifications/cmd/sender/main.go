// Command sender spreads notices and sends mails.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/notifications/aws/sender"
)

func main() { lambda.Start(os.Getenv, sender.Open) }
