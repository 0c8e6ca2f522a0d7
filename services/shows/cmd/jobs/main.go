// Command jobs does passes of what goes on beside the API of shows.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/shows/aws/jobs"
)

func main() { lambda.Start(os.Getenv, jobs.Open) }
