// Command jobs does passes of what goes on beside the API of tickets.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws/jobs"
)

func main() { lambda.Start(os.Getenv, jobs.Open) }
