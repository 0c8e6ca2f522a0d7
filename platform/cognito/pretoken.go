// Package cognito is what a Cognito user pool asks. It knows the tokens that package
// auth verifies, and nothing of AWS's APIs.
package cognito

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

// Scope is what an access token has, however its user signed in: a gateway's
// authorizer takes access tokens by a scope alone.
const Scope = "ticketmesh/api"

// Pretoken is the trigger before tokens are made (pre token generation, version 2). It
// adds to access tokens what services know a caller by: the scope, and the e-mail
// address once the user has shown that it is theirs. It may be asked again.
func Pretoken(_ context.Context, e events.CognitoEventUserPoolsPreTokenGenV2_0) (events.CognitoEventUserPoolsPreTokenGenV2_0, error) {
	claims := map[string]any{}
	if email := e.Request.UserAttributes["email"]; email != "" && e.Request.UserAttributes["email_verified"] == "true" {
		claims["email"] = email
	}
	e.Response.ClaimsAndScopeOverrideDetails = events.ClaimsAndScopeOverrideDetailsV2_0{
		IDTokenGeneration: events.IDTokenGenerationV2_0{ClaimsToAddOrOverride: map[string]any{}, ClaimsToSuppress: []string{}},
		AccessTokenGeneration: events.AccessTokenGenerationV2_0{
			ClaimsToAddOrOverride: claims, ClaimsToSuppress: []string{},
			ScopesToAdd: []string{Scope}, ScopesToSuppress: []string{},
		},
		// The type always writes this member, and without groups in it Cognito takes them
		// out of the tokens.
		GroupOverrideDetails: e.Request.GroupConfiguration,
	}
	return e, nil
}
