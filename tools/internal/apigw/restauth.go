package apigw

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/runtimeapi"
)

// scheme is how callers are looked at.
type scheme struct {
	Name       string // of the header
	AuthType   string `json:"x-amazon-apigateway-authtype"`
	Authorizer struct {
		Type          string
		ProviderARNs  []string
		AuthorizerURI string
		Validation    string `json:"identityValidationExpression"`
	} `json:"x-amazon-apigateway-authorizer"`
}

// authorization is what an authorizer says of a token, for all methods.
type authorization struct {
	principal string
	policy    iam.Policy
}

// authorize returns the gateway's failure, or none. The schemes of one requirement are
// all needed; the mesh has one requirement.
func (a *REST) authorize(r *request) (failure string, status int) {
	for _, requirement := range r.route.op.Security {
		// Who asks is looked at before their key.
		names := slices.SortedFunc(maps.Keys(requirement), func(x, y string) int {
			return cmp.Compare(a.doc.Components.SecuritySchemes[y].AuthType, a.doc.Components.SecuritySchemes[x].AuthType)
		})
		for _, name := range names {
			scopes := requirement[name]
			s, ok := a.doc.Components.SecuritySchemes[name]
			if !ok {
				return "API_CONFIGURATION_ERROR", http.StatusInternalServerError
			}
			switch value := r.Header.Get(s.Name); {
			case s.AuthType == "awsSigv4":
				if !strings.HasPrefix(value, "AWS4-HMAC-SHA256 ") {
					return "MISSING_AUTHENTICATION_TOKEN", http.StatusForbidden
				}
				if !a.aws.Signed(r.Request) {
					return "ACCESS_DENIED", http.StatusForbidden
				}
			case s.AuthType == "cognito_user_pools":
				failure, status = a.cognito(r, s, value, scopes)
			case s.AuthType == "custom" && s.Authorizer.Type == "token":
				failure, status = a.custom(r, s, value)
			case s.AuthType == "" && s.Name == "x-api-key":
				if !a.aws.Key(value) {
					return "INVALID_API_KEY", http.StatusForbidden
				}
			default:
				return "AUTHORIZER_CONFIGURATION_ERROR", http.StatusInternalServerError
			}
			if failure != "" {
				return failure, status
			}
		}
	}
	return "", 0
}

// cognito takes access tokens by their scope.
func (a *REST) cognito(r *request, s scheme, value string, scopes []string) (failure string, status int) {
	token := strings.TrimSpace(strings.TrimPrefix(value, "Bearer "))
	for _, pool := range s.Authorizer.ProviderARNs {
		claims, err := a.aws.Claims(r.Context(), pool, token)
		if err != nil {
			continue
		}
		given, _ := claims["scope"].(string)
		if !slices.ContainsFunc(strings.Fields(given), func(scope string) bool { return slices.Contains(scopes, scope) }) {
			break
		}
		r.authorizer = map[string]any{"claims": claims}
		return "", 0
	}
	return "UNAUTHORIZED", http.StatusUnauthorized
}

// custom asks a function, and remembers what it has said of the token.
func (a *REST) custom(r *request, s scheme, value string) (failure string, status int) {
	valid, err := regexp.Compile(s.Authorizer.Validation)
	if err != nil {
		return "AUTHORIZER_CONFIGURATION_ERROR", http.StatusInternalServerError
	}
	if !valid.MatchString(value) {
		return "UNAUTHORIZED", http.StatusUnauthorized
	}
	method := a.method(r)
	a.mu.Lock()
	said, ok := a.known[value]
	a.mu.Unlock()
	if !ok {
		function, err := functionOf(s.Authorizer.AuthorizerURI, a.api.Variables)
		if err != nil {
			return "AUTHORIZER_CONFIGURATION_ERROR", http.StatusInternalServerError
		}
		payload, err := json.Marshal(map[string]string{"type": "TOKEN", "authorizationToken": value, "methodArn": method})
		if err != nil {
			return "AUTHORIZER_FAILURE", http.StatusInternalServerError
		}
		answer, err := a.aws.Invoke(r.Context(), function, a.api.arn("authorizers/a"), payload, false)
		if failed, is := err.(*runtimeapi.FunctionError); is && failed.Message == "Unauthorized" {
			return "UNAUTHORIZED", http.StatusUnauthorized
		}
		var response struct {
			PrincipalID    string `json:"principalId"`
			PolicyDocument any    `json:"policyDocument"`
		}
		if err != nil || json.Unmarshal(answer, &response) != nil {
			return "AUTHORIZER_FAILURE", http.StatusInternalServerError
		}
		said.principal = response.PrincipalID
		if said.policy, err = iam.Parse(response.PolicyDocument); err != nil {
			return "AUTHORIZER_CONFIGURATION_ERROR", http.StatusInternalServerError
		}
		a.mu.Lock()
		a.known[value] = said
		a.mu.Unlock()
	}
	if !iam.Allowed([]iam.Policy{said.policy}, iam.Request{Action: "execute-api:Invoke", Resource: method}) {
		return "ACCESS_DENIED", http.StatusForbidden
	}
	r.authorizer = map[string]any{"principalId": said.principal}
	return "", 0
}
