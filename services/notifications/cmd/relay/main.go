// Command relay publishes what the table of notifications says in its stream.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/tracing/xray"
	"ticketmesh.dev/services/notifications/aws/relay"
)

func main() { lambda.Start(os.Getenv, relay.Open, lambda.WithRecorder(xray.NewRecorder)) }
