// Command relay publishes, every minute, what waits in info's outbox.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/tracing/xray"
	"ticketmesh.dev/services/info/aws/relay"
)

func main() { lambda.Start(os.Getenv, relay.Open, lambda.WithRecorder(xray.NewRecorder)) }
