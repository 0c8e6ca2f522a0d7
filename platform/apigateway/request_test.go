package apigateway_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"ticketmesh.dev/platform/apigateway"
)

// send has the payload answered by a handler that keeps the request and its body.
func send(t *testing.T, ctx context.Context, payload string) (*http.Request, string) {
	t.Helper()
	var got *http.Request
	var body []byte
	handle := apigateway.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
	}))
	if _, err := handle(ctx, []byte(payload)); err != nil {
		t.Fatal(err)
	}
	return got, string(body)
}

// Events as the three kinds of API send them for
// POST /tickets/holds?from=b%26c&from=%C3%BC&to=&q=a+b, in stage dev.
const (
	rest = `{
		"resource": "/tickets/{proxy+}", "path": "/tickets/holds", "httpMethod": "POST",
		"headers": {"Host": "x1.execute-api.eu-central-1.amazonaws.com", "Accept": "text/html", "X-Twice": "2", "Content-Type": "application/json", "Cookie": "a=1; b=2"},
		"multiValueHeaders": {"Host": ["x1.execute-api.eu-central-1.amazonaws.com"], "Accept": ["text/html"], "X-Twice": ["1", "2"], "Content-Type": ["application/json"], "Cookie": ["a=1; b=2"]},
		"queryStringParameters": {"from": "ü", "to": "", "q": "a b"},
		"multiValueQueryStringParameters": {"from": ["b&c", "ü"], "to": [""], "q": ["a b"]},
		"pathParameters": {"proxy": "holds"},
		"requestContext": {"stage": "dev", "path": "/dev/tickets/holds", "domainName": "x1.execute-api.eu-central-1.amazonaws.com", "identity": {"sourceIp": "203.0.113.7"}},
		"body": "{\"a\":\"ü\"}", "isBase64Encoded": false}`
	httpOne = `{
		"version": "1.0", "resource": "/tickets/{proxy+}", "path": "/dev/tickets/holds", "httpMethod": "POST",
		"headers": {"Host": "x1.execute-api.eu-central-1.amazonaws.com", "accept": "text/html", "X-Twice": "2", "Content-Type": "application/json", "Cookie": "a=1; b=2"},
		"multiValueHeaders": {"Host": ["x1.execute-api.eu-central-1.amazonaws.com"], "accept": ["text/html"], "X-Twice": ["1", "2"], "Content-Type": ["application/json"], "Cookie": ["a=1; b=2"]},
		"queryStringParameters": {"from": "ü", "to": "", "q": "a b"},
		"multiValueQueryStringParameters": {"from": ["b&c", "ü"], "to": [""], "q": ["a b"]},
		"pathParameters": {"proxy": "holds"},
		"requestContext": {"stage": "dev", "path": "/dev/tickets/holds", "domainName": "x1.execute-api.eu-central-1.amazonaws.com", "identity": {"sourceIp": "203.0.113.7"}},
		"body": "eyJhIjoiw7wifQ==", "isBase64Encoded": true}`
	httpTwo = `{
		"version": "2.0", "routeKey": "ANY /tickets/{proxy+}", "rawPath": "/dev/tickets/holds",
		"rawQueryString": "from=b%26c&from=%C3%BC&to=&q=a+b", "cookies": ["a=1", "b=2"],
		"headers": {"host": "x1.execute-api.eu-central-1.amazonaws.com", "accept": "text/html", "x-twice": "1,2", "content-type": "application/json"},
		"queryStringParameters": {"from": "b&c,ü", "to": "", "q": "a b"}, "pathParameters": {"proxy": "holds"},
		"requestContext": {"stage": "dev", "domainName": "x1.execute-api.eu-central-1.amazonaws.com", "http": {"method": "POST", "path": "/dev/tickets/holds", "sourceIp": "203.0.113.7"}},
		"body": "eyJhIjoiw7wifQ==", "isBase64Encoded": true}`
)

func TestEachFormatBringsTheSameRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, give, twice string }{
		{"REST API", rest, "1|2"},
		{"HTTP API, format 1.0", httpOne, "1|2"},
		{"HTTP API, format 2.0", httpTwo, "1,2"}, // joined, which means the same
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, body := send(t, t.Context(), tt.give)
			if r.Method != http.MethodPost || r.URL.Path != "/tickets/holds" || r.URL.Host != "" {
				t.Errorf("got %s %s", r.Method, r.URL)
			}
			query := r.URL.Query()
			if got := strings.Join(query["from"], "|"); got != "b&c|ü" {
				t.Errorf("from is %q", got)
			}
			if to, ok := query["to"]; !ok || len(to) != 1 || to[0] != "" || query.Get("q") != "a b" || len(query) != 3 {
				t.Errorf("the query is %v", query)
			}
			if want := "/tickets/holds?" + r.URL.RawQuery; r.RequestURI != want {
				t.Errorf("the request's URI is %q", r.RequestURI)
			}
			if body != `{"a":"ü"}` || r.ContentLength != int64(len(body)) {
				t.Errorf("the body is %q, its length %d", body, r.ContentLength)
			}
			if r.Host != "x1.execute-api.eu-central-1.amazonaws.com" || r.Header.Get("Host") != "" {
				t.Errorf("the host is %q, and in the header %q", r.Host, r.Header.Get("Host"))
			}
			if r.RemoteAddr != "203.0.113.7:0" || !r.ProtoAtLeast(1, 1) {
				t.Errorf("from %q by %q", r.RemoteAddr, r.Proto)
			}
			if got := strings.Join(r.Header.Values("X-Twice"), "|"); got != tt.twice {
				t.Errorf("X-Twice is %q", got)
			}
			if r.Header.Get("ACCEPT") != "text/html" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("the header is %v", r.Header)
			}
			a, errA := r.Cookie("a")
			b, errB := r.Cookie("b")
			if errA != nil || errB != nil || a.Value != "1" || b.Value != "2" || len(r.Cookies()) != 2 {
				t.Errorf("the cookies are %v", r.Cookies())
			}
		})
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	v1 := func(path, whole, resource string) string {
		return `{"httpMethod":"GET","resource":"` + resource + `","path":"` + path + `","requestContext":{"stage":"dev","path":"` + whole + `"}}`
	}
	v2 := func(path, stage, route string) string {
		return `{"version":"2.0","routeKey":"` + route + `","rawPath":"` + path + `","requestContext":{"stage":"` + stage + `","http":{"method":"GET"}}}`
	}
	const proxy, root = "/tickets/{proxy+}", "/{proxy+}"
	for _, tt := range []struct{ name, give, want string }{
		{"REST: its own domain", v1("/tickets/holds", "/dev/tickets/holds", proxy), "/tickets/holds"},
		{"REST: a stage like a route", v1("/dev/tickets/holds", "/dev/dev/tickets/holds", "/dev/{proxy+}"), "/dev/tickets/holds"},
		{"REST: its own domain, any route, a path that begins like the stage", v1("/dev/x", "/dev/dev/x", root), "/dev/x"},
		{"REST: a domain of its own, a route like the stage", v1("/dev/x", "/dev/x", "/dev/{proxy+}"), "/dev/x"},
		{"REST: base path", v1("/api/v1/tickets/holds", "/api/v1/tickets/holds", proxy), "/tickets/holds"},
		{"REST: base path and stage", v1("/api/dev/tickets/holds", "/api/dev/tickets/holds", proxy), "/tickets/holds"},
		{"REST: stage alone, any route", v1("/dev/tickets/holds", "/dev/tickets/holds", root), "/tickets/holds"},
		{"REST: any route", v1("/tickets/holds", "/dev/tickets/holds", root), "/tickets/holds"},
		{"REST: the route itself", v1("/api/tickets", "/api/tickets", "/tickets"), "/tickets"},
		{"REST: a base path that begins like it", v1("/ticketsale/tickets/x", "/ticketsale/tickets/x", proxy), "/tickets/x"},
		{"REST: a parameter named like it", v1("/tickets/tickets", "/dev/tickets/tickets", proxy), "/tickets/tickets"},
		{"REST: an encoded slash", v1("/tickets/a%2Fb%20c", "/dev/tickets/a%2Fb%20c", proxy), "/tickets/a%2Fb%20c"},
		{"REST: a trailing slash", v1("/tickets/holds/", "/dev/tickets/holds/", proxy), "/tickets/holds/"},
		{"REST: like a host", v1("//evil.example/tickets", "/dev//evil.example/tickets", root), "//evil.example/tickets"},
		{"HTTP: stage", v2("/dev/tickets/holds", "dev", "ANY "+proxy), "/tickets/holds"},
		{"HTTP: a stage like a route", v2("/tickets/tickets/holds", "tickets", "ANY "+proxy), "/tickets/holds"},
		{"HTTP: a route that begins like the stage", v2("/developers", "dev", "$default"), "/developers"},
		{"HTTP: nothing but the stage", v2("/dev", "dev", "$default"), "/"},
		{"HTTP: default stage", v2("/tickets/holds", "$default", "$default"), "/tickets/holds"},
		{"HTTP: a path like the default stage", v2("/$default/x", "$default", "$default"), "/$default/x"},
		{"HTTP: base path", v2("/api/tickets/holds", "$default", "GET "+proxy), "/tickets/holds"},
		{"HTTP: decoded", v2("/dev/info/pages/100% of?a#b ü", "dev", "$default"), "/info/pages/100%25%20of%3Fa%23b%20%C3%BC"},
		{"HTTP: an escape", v2("/info/assets/a%2Fb", "$default", "$default"), "/info/assets/a%2Fb"},
		{"HTTP: half an escape", v2("/a%2", "$default", "$default"), "/a%252"},
		{"HTTP: empty", v2("", "$default", "$default"), "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := send(t, t.Context(), tt.give)
			if got := r.URL.EscapedPath(); got != tt.want || r.RequestURI != tt.want {
				t.Errorf("got %q (%q), want %q", got, r.RequestURI, tt.want)
			}
		})
	}
}

func TestTheQueryOfAFunctionIsWhatTheClientSent(t *testing.T) {
	t.Parallel()
	const query = "b=1&a=%2F;c&a&b=+%20&%zz"
	r, _ := send(t, t.Context(), `{"version":"2.0","rawPath":"/","rawQueryString":"`+query+`","requestContext":{"stage":"$default","http":{"method":"GET"}}}`)
	if r.URL.RawQuery != query {
		t.Errorf("got %q", r.URL.RawQuery)
	}
}

func TestSingleValuesAloneAreEnough(t *testing.T) {
	t.Parallel()
	r, _ := send(t, t.Context(), `{"httpMethod":"GET","path":"/","headers":{"accept":"a"},"queryStringParameters":{"q":"é&"},"multiValueHeaders":null,"requestContext":{}}`)
	if r.Header.Get("Accept") != "a" || r.URL.Query().Get("q") != "é&" {
		t.Errorf("got %v, %v", r.Header, r.URL)
	}
}

func TestARequestWithoutBodyHasNone(t *testing.T) {
	t.Parallel()
	r, body := send(t, t.Context(), `{"httpMethod":"GET","path":"/","body":null,"requestContext":{"domainName":"tickets.example.com","identity":{"sourceIp":"2001:db8::1"}}}`)
	if r.Body != http.NoBody || body != "" || r.ContentLength != 0 {
		t.Errorf("got %q, length %d", body, r.ContentLength)
	}
	if r.Host != "tickets.example.com" || r.RemoteAddr != "[2001:db8::1]:0" {
		t.Errorf("got %q from %q", r.Host, r.RemoteAddr)
	}
}

func TestRequestsAreNamedLikeTheirInvocation(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "kept")
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "5b2e"})
	for name, want := range map[string]string{"x-request-id": "theirs", "x-other": "5b2e"} {
		r, _ := send(t, ctx, `{"version":"2.0","headers":{"`+name+`":"theirs"},"requestContext":{"http":{"method":"GET"}}}`)
		if got := r.Header["X-Request-Id"]; !slices.Equal(got, []string{want}) {
			t.Errorf("with %s it is named %q, want %q", name, got, want)
		}
		if r.Context().Value(key{}) != "kept" {
			t.Error("the request has another context than the invocation")
		}
	}
}

func TestOtherPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	handle := apigateway.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }))
	for _, tt := range []struct{ name, give string }{
		{"no JSON", `{`},
		{"another event", `{"Records":[]}`},
		{"another version", `{"version":"3.0","httpMethod":"GET","path":"/"}`},
		{"1.0 that says 2.0", `{"version":"2.0","httpMethod":"GET","path":"/","requestContext":{}}`},
		{"2.0 that says 1.0", `{"version":"1.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`},
		{"a body that is not base64", `{"httpMethod":"POST","path":"/","body":"%","isBase64Encoded":true}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if answer, err := handle(t.Context(), []byte(tt.give)); err == nil {
				t.Errorf("answered %s", answer)
			}
		})
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(rest))
	f.Add([]byte(httpOne))
	f.Add([]byte(httpTwo))
	f.Add([]byte(`{"version":"2.0","rawPath":"//%2e%%","routeKey":"GET /%2e","requestContext":{"http":{"method":"GET"}}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		handle := apigateway.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/") || r.URL.Host != "" {
				t.Errorf("the URL is %#v", r.URL)
			}
			parsed, err := r.URL.Parse(r.RequestURI)
			if !strings.HasPrefix(r.RequestURI, "//") && (err != nil || parsed.Path != r.URL.Path) {
				t.Errorf("the URI %q is not that of %#v: %v", r.RequestURI, r.URL, err)
			}
		}))
		_, _ = handle(context.Background(), payload)
	})
}
