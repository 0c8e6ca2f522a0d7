package apigw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/tools/internal/apigw"
	"ticketmesh.dev/tools/internal/runtimeapi"
)

const (
	function   = "arn:aws:lambda:eu-central-1:123456789012:function:api:live"
	authorizer = "arn:aws:lambda:eu-central-1:123456789012:function:authorizer:live"
	jobs       = "arn:aws:lambda:eu-central-1:123456789012:function:jobs:live"
)

// document is a REST API with each kind of route.
const document = `{
	"openapi": "3.0.1",
	"x-amazon-apigateway-binary-media-types": ["*/*"],
	"paths": {
		"/things": {
			"get": {"x-amazon-apigateway-integration": PROXY},
			"post": {"security": [{"Caller": []}], "x-amazon-apigateway-integration": PROXY},
			"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": PROXY}
		},
		"/things/{id}": {"get": {"security": [{"Pool": ["mesh/api"]}], "x-amazon-apigateway-integration": PROXY}},
		"/things/new": {"get": {"x-amazon-apigateway-integration": PROXY}},
		"/rest/{path+}": {"get": {"x-amazon-apigateway-integration": PROXY}},
		"/files/{key}": {"get": {"x-amazon-apigateway-integration": {
			"type": "aws", "uri": "arn:aws:apigateway:eu-central-1:s3:path/bucket/{key}", "credentials": "role",
			"requestParameters": {"integration.request.path.key": "method.request.path.key", "integration.request.header.If-None-Match": "method.request.header.If-None-Match"},
			"responses": {
				"default": {"statusCode": "200", "responseParameters": {"method.response.header.ETag": "integration.response.header.ETag", "method.response.header.Cache-Control": "'public'"}},
				"4\\d{2}": {"statusCode": "404", "responseTemplates": {"application/json": "gone"}}
			}}}},
		"/ping": {"get": {"x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
			"responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "pong"}}}}}},
		"/jobs/{job}": {"post": {"security": [{"Operator": [], "Key": []}], "x-amazon-apigateway-integration": {
			"type": "aws", "uri": "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/` + jobs + `/invocations",
			"requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
			"requestTemplates": {"application/json": "{\"job\": \"$util.escapeJavaScript($input.params().path.job)\"}"},
			"responses": {"2\\d{2}": {"statusCode": "202"}, "default": {"statusCode": "503"}}}}}
	},
	"components": {"securitySchemes": {
		"Caller": {"name": "Authorization", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": {
			"type": "token", "authorizerUri": "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/` + authorizer + `/invocations", "identityValidationExpression": "^Bearer .+$"}},
		"Pool": {"name": "Authorization", "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["pool"]}},
		"Operator": {"name": "Authorization", "x-amazon-apigateway-authtype": "awsSigv4"},
		"Key": {"name": "x-api-key"}
	}},
	"x-amazon-apigateway-gateway-responses": {
		"MISSING_AUTHENTICATION_TOKEN": {"statusCode": "404", "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}, "responseTemplates": {"application/json": "not found"}},
		"DEFAULT_4XX": {"responseTemplates": {"application/json": "refused"}}
	}
}`

// behind is what the tests' APIs call: the function echoes, by the adapter that functions
// have.
type behind struct {
	invoked []string
	without map[string]bool
}

func (b *behind) aws() apigw.AWS {
	echo := apigateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %x %q", r.Method, r.URL, r.Header.Get("X-Name"), body, r.Header.Values("Cookie"))
	}))
	return apigw.AWS{
		Invoke: func(ctx context.Context, called, source string, payload []byte, event bool) ([]byte, error) {
			b.invoked = append(b.invoked, fmt.Sprint(called[strings.Index(called, "function:")+9:], " ", source[strings.LastIndex(source, ":")+1:], " ", event))
			switch called {
			case function:
				return echo(ctx, payload)
			case authorizer:
				var r events.APIGatewayCustomAuthorizerRequest
				if err := json.Unmarshal(payload, &r); err != nil {
					return nil, err
				}
				switch r.AuthorizationToken {
				case "Bearer good":
					return []byte(`{"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["execute-api:Invoke"], "Resource": ["` +
						strings.Replace(r.MethodArn, "POST/things", "*", 1) + `"]}]}}`), nil
				case "Bearer elsewhere":
					return []byte(`{"policyDocument": {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*/GET/*"}]}}`), nil
				case "Bearer bad":
					return nil, &runtimeapi.FunctionError{Type: "errorString", Message: "Unauthorized"}
				}
				return nil, errors.New("down")
			case jobs:
				if string(payload) != `{"job": "sweep\""}` {
					return nil, fmt.Errorf("it is told %s", payload)
				}
				return nil, nil
			}
			return nil, fmt.Errorf("there is no function %s", called)
		},
		Object: func(_ context.Context, role, path string, header http.Header) (*http.Response, error) {
			status := map[string]int{"role bucket/there": 200, "role bucket/gone": 403}[role+" "+path]
			if header.Get("If-None-Match") != "" {
				status = 404
			}
			return &http.Response{StatusCode: status, Header: http.Header{"Etag": {"1"}}, Body: io.NopCloser(strings.NewReader("file"))}, nil
		},
		Claims: func(_ context.Context, pool, token string) (map[string]any, error) {
			if pool != "pool" || token == "bad" {
				return nil, errors.New("bad")
			}
			return map[string]any{"scope": "openid " + token}, nil
		},
		Signed: func(r *http.Request) bool {
			return strings.Contains(r.Header.Get("Authorization"), "Credential=operator/")
		},
		Key:   func(key string) bool { return key == "k" },
		Route: func(route string) bool { return !b.without[route] },
	}
}

func parse(t *testing.T, text string) (document any) {
	t.Helper()
	proxy := func(format string) string {
		return `{"type": "aws_proxy", "payloadFormatVersion": "` + format + `", "uri": "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:api:${stageVariables.alias}/invocations"}`
	}
	text = strings.NewReplacer("PROXY2", proxy("2.0"), "PROXY", proxy("1.0")).Replace(text)
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

type exchange struct {
	name, method, path string
	body               string
	header             map[string]string
	status             int
	want               string // in the answer's body
	invoked            string // functions that were called last
}

func (e exchange) run(t *testing.T, h http.Handler, b *behind) {
	t.Helper()
	b.invoked = nil
	r := httptest.NewRequest(e.method, e.path, bytes.NewReader([]byte(e.body)))
	for name, value := range e.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != e.status || !strings.Contains(w.Body.String(), e.want) {
		t.Errorf("%s: answered %d %s, want %d %s", e.name, w.Code, w.Body, e.status, e.want)
	}
	if got := strings.Join(b.invoked, ", "); e.invoked != "-" && got != e.invoked {
		t.Errorf("%s: invoked %q, want %q", e.name, got, e.invoked)
	}
}

func TestARESTAPIAnswersAsItsDocumentSays(t *testing.T) {
	t.Parallel()
	b := &behind{without: map[string]bool{"GET /things/new": true}}
	api, err := apigw.NewREST(apigw.API{ID: "id", Stage: "mesh", Account: "123456789012", Region: "eu-central-1", Variables: map[string]string{"alias": "live"}, Document: parse(t, document)}, b.aws())
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(token string) map[string]string { return map[string]string{"Authorization": token} }
	signed := map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=operator/1", "X-Api-Key": "k"}
	for _, e := range []exchange{
		{"a proxy", "GET", "/mesh/things?q=a%20b&q=c", "", map[string]string{"X-Name": "n"}, 418, `GET /things?q=a+b&q=c n  []`, "api:live id/mesh/GET/things false"},
		{"any other method", "DELETE", "/mesh/things", "", nil, 418, "DELETE /things", "api:live id/mesh/DELETE/things false"},
		{"no route", "GET", "/mesh/nothing", "", nil, 404, "not found", ""},
		{"no method", "POST", "/mesh/ping", "", nil, 404, "not found", ""},
		{"a route that was taken away, of which another takes over", "GET", "/mesh/things/new", "", bearer("Bearer mesh/api"), 418, "GET /things/new", "api:live id/mesh/GET/things/new false"},
		{"the rest of a path", "GET", "/mesh/rest/a%2Fb/c", "", nil, 418, "GET /rest/a%2Fb/c", "-"},
		{"binary bodies", "DELETE", "/mesh/things", "\xff\x00", nil, 418, " ff00 ", "-"},
		{"no token", "POST", "/mesh/things", "", nil, 401, "refused", ""},
		{"a token that is refused", "POST", "/mesh/things", "", bearer("Bearer bad"), 401, "refused", "authorizer:live id/authorizers/a false"},
		{"an authorizer that fails", "POST", "/mesh/things", "", bearer("Bearer ?"), 500, "AUTHORIZER_FAILURE", "-"},
		{"a token for other methods", "POST", "/mesh/things", "", bearer("Bearer elsewhere"), 403, "refused", "-"},
		{"a token", "POST", "/mesh/things", "{}", bearer("Bearer good"), 418, " 7b7d ", "authorizer:live id/authorizers/a false, api:live id/mesh/POST/things false"},
		{"a token that is known", "POST", "/mesh/things", "{}", bearer("Bearer good"), 418, " 7b7d ", "api:live id/mesh/POST/things false"},
		{"a pool's token", "GET", "/mesh/things/7", "", bearer("Bearer mesh/api"), 418, "GET /things/7", "-"},
		{"without the scope", "GET", "/mesh/things/7", "", bearer("Bearer openid"), 401, "refused", ""},
		{"not of the pool", "GET", "/mesh/things/7", "", bearer("Bearer bad"), 401, "refused", ""},
		{"a file", "GET", "/mesh/files/there", "", nil, 200, "file", ""},
		{"a file that is not there", "GET", "/mesh/files/gone", "", nil, 404, "gone", ""},
		{"headers of the request", "GET", "/mesh/files/there", "", map[string]string{"If-None-Match": "1"}, 404, "gone", ""},
		{"a mock", "GET", "/mesh/ping", "", nil, 200, "pong", ""},
		{"an operator", "POST", "/mesh/jobs/sweep%22", "", signed, 202, "", "jobs:live id/mesh/POST/jobs/sweep%22 true"},
		{"what the function fails at", "POST", "/mesh/jobs/other", "", signed, 503, "", "-"},
		{"an operator without a signature", "POST", "/mesh/jobs/sweep", "", map[string]string{"X-Api-Key": "k"}, 404, "not found", ""},
		{"with another's signature", "POST", "/mesh/jobs/sweep", "", map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=x/1", "X-Api-Key": "k"}, 403, "refused", ""},
		{"without a key", "POST", "/mesh/jobs/sweep", "", map[string]string{"Authorization": signed["Authorization"]}, 403, "refused", ""},
	} {
		e.run(t, api, b)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/mesh/things", nil))
	if cookies := w.Header().Values("Set-Cookie"); len(cookies) != 2 {
		t.Errorf("cookies are %q", cookies)
	}
	w = httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/mesh/nothing", nil))
	if w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a failure has the headers %v", w.Header())
	}
	if len(api.Routes()) != 9 {
		t.Errorf("routes are %q", api.Routes())
	}
}

func TestAnHTTPAPIAnswersAsItsDocumentSays(t *testing.T) {
	t.Parallel()
	b := &behind{without: map[string]bool{}}
	api, err := apigw.NewHTTP(apigw.API{ID: "id", Stage: "mesh", Account: "123456789012", Region: "eu-central-1", Variables: map[string]string{"alias": "live"}, Document: parse(t, `{"paths": {
		"/": {"get": {"x-amazon-apigateway-integration": PROXY2}},
		"/things/{id}": {"put": {"x-amazon-apigateway-integration": PROXY2}},
		"$default": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": PROXY2}}
	}}`)}, b.aws())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []exchange{
		{"the root", "GET", "/mesh", "", map[string]string{"X-Name": "n", "Cookie": "a=1; b=2"}, 418, `GET / n  ["a=1; b=2"]`, "api:live id/mesh/GET/ false"},
		{"a route", "PUT", "/mesh/things/a%20b?q=1", "{}", map[string]string{"Content-Type": "application/json"}, 418, "PUT /things/a%20b?q=1  7b7d", "api:live id/mesh/PUT/things/{id} false"},
		{"binary", "PUT", "/mesh/things/1", "\xff", nil, 418, " ff ", "-"},
		{"all else", "PATCH", "/mesh/nothing", "", nil, 418, "PATCH /nothing", "api:live id/mesh/$default false"},
	} {
		e.run(t, api, b)
	}
	b.without["$default"] = true
	exchange{"no default", "PATCH", "/mesh/nothing", "", nil, 404, "Not Found", ""}.run(t, api, b)
	b.without["GET /"] = true
	exchange{"no route", "GET", "/mesh", "", nil, 404, "Not Found", ""}.run(t, api, b)
}

func TestDocumentsThatCannotBePlayedAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an integration by HTTP": `{"x-amazon-apigateway-binary-media-types": ["*/*"], "paths": {"/": {"get": {"x-amazon-apigateway-integration": {"type": "http_proxy", "uri": "https://example.com"}}}}}`,
		"no integration":         `{"x-amazon-apigateway-binary-media-types": ["*/*"], "paths": {"/": {"get": {}}}}`,
		"some binary types":      `{"x-amazon-apigateway-binary-media-types": ["image/png"], "paths": {}}`,
	} {
		if _, err := apigw.NewREST(apigw.API{Document: parse(t, text)}, apigw.AWS{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, text := range map[string]string{
		"no route":      `{"paths": {}}`,
		"format 1.0":    `{"paths": {"/": {"get": {"x-amazon-apigateway-integration": PROXY}}}}`,
		"an authorizer": `{"paths": {"/": {"get": {"security": [{"Caller": []}], "x-amazon-apigateway-integration": PROXY2}}}}`,
	} {
		if _, err := apigw.NewHTTP(apigw.API{Document: parse(t, text)}, apigw.AWS{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
