// Command consumer takes the events in the queues of shows.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/shows/aws/consumer"
)

func main() { lambda.Start(os.Getenv, consumer.Open) }
