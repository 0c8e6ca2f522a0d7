package cognito_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/cognito"
)

// ask answers the event in testdata after change, through JSON both ways as Lambda does.
func ask(t *testing.T, change func(attributes map[string]string)) map[string]any {
	t.Helper()
	text, err := os.ReadFile("testdata/pretoken-v2.json")
	if err != nil {
		t.Fatal(err)
	}
	var e events.CognitoEventUserPoolsPreTokenGenV2_0
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	change(e.Request.UserAttributes)
	answer, err := cognito.Pretoken(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Response struct {
			Details map[string]any `json:"claimsAndScopeOverrideDetails"`
		} `json:"response"`
	}
	if err := json.Unmarshal(encoded, &out); err != nil {
		t.Fatal(err)
	}
	return out.Response.Details
}

func member(t *testing.T, in map[string]any, names ...string) any {
	t.Helper()
	var value any = in
	for _, name := range names {
		object, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("%s is not in %v", name, value)
		}
		value = object[name]
	}
	return value
}

func TestAccessTokensSayTheEmailThatWasVerified(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give func(map[string]string)
		want any
	}{
		{"verified", func(map[string]string) {}, "ada@example.com"},
		{"not verified", func(a map[string]string) { a["email_verified"] = "false" }, nil},
		{"nobody says", func(a map[string]string) { delete(a, "email_verified") }, nil},
		{"none", func(a map[string]string) { delete(a, "email") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := member(t, ask(t, tt.give), "accessTokenGeneration", "claimsToAddOrOverride", "email"); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAccessTokensHaveTheScopeThatTheGatewayWants(t *testing.T) {
	t.Parallel()
	got := member(t, ask(t, func(map[string]string) {}), "accessTokenGeneration", "scopesToAdd")
	if scopes, ok := got.([]any); !ok || len(scopes) != 1 || scopes[0] != "ticketmesh/api" {
		t.Errorf("got %v", got)
	}
}

// Cognito takes groups that the answer does not repeat out of the tokens.
func TestGroupsAreKept(t *testing.T) {
	t.Parallel()
	got := member(t, ask(t, func(map[string]string) {}), "groupOverrideDetails", "groupsToOverride")
	if groups, ok := got.([]any); !ok || len(groups) != 2 || groups[0] != "organizer" || groups[1] != "gate" {
		t.Errorf("got %v", got)
	}
}
