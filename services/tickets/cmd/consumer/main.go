// Command consumer takes events from the queues of tickets.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws/consumer"
)

func main() { lambda.Start(os.Getenv, consumer.Open) }
