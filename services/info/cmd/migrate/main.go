// Command migrate brings the tables of info's database up to date, at each deployment or
// by hand.
package main

import (
	"os"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/info/aws/migrate"
)

func main() { lambda.Start(os.Getenv, migrate.Open) }
