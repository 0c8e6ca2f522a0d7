// Command api answers the routes of shows behind API Gateway.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/shows/aws/api"
)

func main() { lambda.StartHTTP(os.Getenv, api.Open) }
