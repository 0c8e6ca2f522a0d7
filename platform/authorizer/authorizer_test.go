package authorizer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/authorizer"
)

const asked = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/tickets/POST/holds/0190b5a2/extend"

// issuer knows one token.
type issuer struct{}

func (issuer) Verify(_ context.Context, token string) (auth.Caller, error) {
	switch token {
	case "good":
		return auth.Caller{Sub: "ada"}, nil
	case "early":
		return auth.Caller{}, fmt.Errorf("%w: no answer", auth.ErrUnavailable)
	}
	return auth.Caller{}, fmt.Errorf("%w: it is %q", auth.ErrUnauthenticated, token)
}

func ask(method, header string) (events.APIGatewayCustomAuthorizerResponse, error) {
	return authorizer.New(issuer{}, slog.New(slog.DiscardHandler))(context.Background(),
		events.APIGatewayCustomAuthorizerRequest{Type: "TOKEN", MethodArn: method, AuthorizationToken: header})
}

func TestAGoodTokenIsGoodForEveryRouteOfTheStage(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Bearer good", "bearer  good"} {
		got, err := ask(asked, header)
		if err != nil {
			t.Fatal(err)
		}
		want := events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: "ada",
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{{
				Effect: "Allow", Action: []string{"execute-api:Invoke"},
				Resource: []string{"arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/tickets/*"},
			}}},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// The gateway makes 401 of this text, and 500 of any other.
func TestATokenThatIsNotGoodIsUnauthorized(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Bearer bad", "Bearer ", "Bearer", "", "good", "Basic good"} {
		got, err := ask(asked, header)
		if err == nil || err.Error() != "Unauthorized" {
			t.Errorf("%q: got %v", header, err)
		}
		if len(got.PolicyDocument.Statement) > 0 {
			t.Errorf("%q: there is a policy", header)
		}
	}
}

func TestATokenThatCannotBeVerifiedNowMayComeAgain(t *testing.T) {
	t.Parallel()
	if _, err := ask(asked, "Bearer early"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsSaidOfWhatIsNoMethod(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"", "arn:aws:s3:::bucket/key", "arn:aws:execute-api:eu-central-1:123456789012:*/*/*/x", "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/tickets"} {
		if got, err := ask(method, "Bearer good"); err == nil || len(got.PolicyDocument.Statement) > 0 {
			t.Errorf("%q: got %+v, %v", method, got, err)
		}
	}
}
