// Command relay publishes what the table of tickets says in its stream.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws/relay"
)

func main() { lambda.Start(os.Getenv, relay.Open) }
