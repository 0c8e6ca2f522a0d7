// Command consumer takes events from the queues of notifications.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/notifications/aws/consumer"
)

func main() { lambda.Start(os.Getenv, consumer.Open) }
