// Command api answers the routes of tickets behind API Gateway.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws/api"
)

func main() { lambda.StartHTTP(os.Getenv, api.Open) }
