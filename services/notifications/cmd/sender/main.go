// Command sender spreads notices and sends mails.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/tracing/xray"
	"ticketmesh.dev/services/notifications/aws/sender"
)

func main() { lambda.Start(os.Getenv, sender.Open, lambda.WithRecorder(xray.NewRecorder)) }
