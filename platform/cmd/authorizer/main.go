// Command authorizer is the Lambda function that API Gateway asks whether a token may
// come in. TICKETMESH_ISSUER and TICKETMESH_AUDIENCE, client ids with commas between,
// say whose tokens do.
package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/authorizer"
	"ticketmesh.dev/platform/clock"
)

// remembered is how many tokens are not verified again.
const remembered = 1024

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	issuer, clients := os.Getenv("TICKETMESH_ISSUER"), strings.Split(os.Getenv("TICKETMESH_AUDIENCE"), ",")
	verifier, err := auth.NewVerifier(auth.Config{Issuer: issuer, ClientIDs: clients, KeySet: auth.Issuer(issuer, nil, clock.System{}), Clock: clock.System{}})
	if err != nil {
		logger.Error("function cannot start: TICKETMESH_ISSUER or TICKETMESH_AUDIENCE is missing or wrong", "error", err)
		os.Exit(1)
	}
	lambda.Start(authorizer.New(auth.Cached(verifier, remembered, clock.System{}), logger))
}
