// Package authorizer is what API Gateway asks whether a token may come in, where
// that is not Cognito's own: it verifies access tokens of one OIDC issuer, whichever,
// and answers with an IAM policy. What a caller may do is decided by the services; to
// know it here as well would be to say it twice.
package authorizer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/auth"
)

// errUnauthorized is what the gateway answers 401 to, by this very text. Any other
// error is 500.
var errUnauthorized = errors.New("Unauthorized") //nolint:staticcheck // the gateway's spelling

// Handler is the function behind a token authorizer.
type Handler func(ctx context.Context, r events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// method is the ARN of what is asked for; its first group is the stage of the API.
var method = regexp.MustCompile(`^(arn:[a-z-]+:execute-api:[a-z0-9-]+:[0-9]{12}:[a-z0-9]+/[A-Za-z0-9_$-]+)/[A-Z]+/`)

// New returns a Handler that verifies with v. The gateway remembers its answers by
// token for all of the API, so a policy is for all of the stage's routes: one for the
// route that was asked for first would shut out the others.
//
// A token that is not good is the error that makes 401 of it. While the issuer's keys
// cannot be had it is another error, so that the request may be tried again.
func New(v auth.Verifier, logger *slog.Logger) Handler {
	return func(ctx context.Context, r events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		refused := events.APIGatewayCustomAuthorizerResponse{}
		stage := method.FindStringSubmatch(r.MethodArn)
		if stage == nil {
			return refused, fmt.Errorf("%q is no method of an API", r.MethodArn)
		}
		scheme, token, _ := strings.Cut(r.AuthorizationToken, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return refused, errUnauthorized
		}
		caller, err := v.Verify(ctx, strings.TrimLeft(token, " "))
		switch {
		case errors.Is(err, auth.ErrUnauthenticated):
			logger.InfoContext(ctx, "token is refused", "reason", err)
			return refused, errUnauthorized
		case err != nil:
			logger.ErrorContext(ctx, "token could not be verified", "error", err)
			return refused, err
		}
		return events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: caller.Sub,
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
				Version: "2012-10-17",
				Statement: []events.IAMPolicyStatement{{
					Effect: "Allow", Action: []string{"execute-api:Invoke"}, Resource: []string{stage[1] + "/*"},
				}},
			},
		}, nil
	}
}
