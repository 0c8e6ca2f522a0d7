// Command relay publishes what is in the stream of the table of shows.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/tracing/xray"
	"ticketmesh.dev/services/shows/aws/relay"
)

func main() { lambda.Start(os.Getenv, relay.Open, lambda.WithRecorder(xray.NewRecorder)) }
