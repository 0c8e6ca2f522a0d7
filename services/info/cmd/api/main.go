// Command api answers the routes of info behind API Gateway.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/info/aws/api"
)

func main() { lambda.StartHTTP(os.Getenv, api.Open) }
