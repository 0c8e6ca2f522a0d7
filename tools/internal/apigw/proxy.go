package apigw

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
)

// maxBodyBytes is what API Gateway takes.
const maxBodyBytes = 10 << 20

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	if err == nil && len(body) > maxBodyBytes {
		err = errors.New("too large")
	}
	return body, err
}

func unescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// proxy gives the request to a function in format 1.0.
func (a *REST) proxy(w http.ResponseWriter, r *request) {
	function, err := functionOf(r.route.op.Integration.URI, a.api.Variables)
	if err != nil {
		a.fail(w, "API_CONFIGURATION_ERROR", http.StatusInternalServerError)
		return
	}
	payload, err := json.Marshal(a.payload(r))
	if err != nil {
		a.fail(w, "API_CONFIGURATION_ERROR", http.StatusInternalServerError)
		return
	}
	answer, err := a.aws.Invoke(r.Context(), function, a.method(r), payload, false)
	if err != nil || !writeAnswer(w, answer) {
		a.fail(w, "DEFAULT_5XX", http.StatusBadGateway)
	}
}

func (a *REST) payload(r *request) map[string]any {
	headers, multi := headersOf(r.Request)
	query, multiQuery := map[string]string{}, map[string][]string{}
	for name, values := range r.URL.Query() {
		query[name], multiQuery[name] = values[len(values)-1], values
	}
	now := time.Now()
	in := map[string]any{
		"resource": r.route.path, "path": r.path, "httpMethod": r.Method,
		"headers": headers, "multiValueHeaders": multi,
		"queryStringParameters": some(query), "multiValueQueryStringParameters": some(multiQuery),
		"pathParameters": some(r.variables), "stageVariables": some(a.api.Variables),
		"requestContext": map[string]any{
			"accountId": a.api.Account, "apiId": a.api.ID, "stage": a.api.Stage, "domainName": r.Host, "resourceId": "r",
			"resourcePath": r.route.path, "httpMethod": r.Method, "path": "/" + a.api.Stage + r.path, "protocol": r.Proto,
			"requestId": id.New().String(), "requestTimeEpoch": now.UnixMilli(), "requestTime": now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			"identity": map[string]any{"sourceIp": sourceIP(r.Request), "userAgent": r.UserAgent()}, "authorizer": some(r.authorizer),
		},
		"body": nil, "isBase64Encoded": false,
	}
	if len(r.body) > 0 {
		in["body"], in["isBase64Encoded"] = base64.StdEncoding.EncodeToString(r.body), true
	}
	return in
}

// some is nil, and in JSON null, for an empty map.
func some[V any](m map[string]V) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func headersOf(r *http.Request) (last map[string]string, all map[string][]string) {
	last, all = map[string]string{"Host": r.Host}, map[string][]string{"Host": {r.Host}}
	for name, values := range r.Header {
		last[name], all[name] = values[len(values)-1], values
	}
	last["X-Forwarded-For"], all["X-Forwarded-For"] = sourceIP(r), []string{sourceIP(r)}
	return last, all
}

func sourceIP(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// writeAnswer writes what a function has answered, in either format, and reports whether
// it was an answer.
func writeAnswer(w http.ResponseWriter, answer []byte) bool {
	var said struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
		IsBase64Encoded   bool
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.StatusCode < 200 || said.StatusCode > 599 {
		return false
	}
	body := []byte(said.Body)
	if said.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(said.Body); err != nil {
			return false
		}
	}
	for name, value := range said.Headers {
		w.Header().Set(name, value)
	}
	for name, values := range said.MultiValueHeaders {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	for _, cookie := range said.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(said.StatusCode)
	_, _ = w.Write(body)
	return true
}

// lower joins repeated headers, as HTTP APIs do.
func lower(r *http.Request) map[string]string {
	joined := map[string]string{"host": r.Host, "x-forwarded-for": sourceIP(r)}
	for name, values := range r.Header {
		if name != "Cookie" {
			joined[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return joined
}
