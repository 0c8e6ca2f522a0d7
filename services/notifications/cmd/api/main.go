// Command api answers the routes of notifications behind API Gateway.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/notifications/aws/api"
)

func main() { lambda.StartHTTP(os.Getenv, api.Open) }
