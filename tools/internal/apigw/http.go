package apigw

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
)

// defaultRoute takes what no other does.
const defaultRoute = "$default"

// HTTP is an HTTP API.
type HTTP struct {
	api      API
	aws      AWS
	routes   []route
	fallback *route
}

// NewHTTP reads the API's document.
func NewHTTP(api API, aws AWS) (*HTTP, error) {
	a := &HTTP{api: api, aws: aws}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := reread(api.Document, &doc); err != nil {
		return nil, err
	}
	all, err := routes(doc.Paths)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.op.Integration.Type != "aws_proxy" || r.op.Integration.PayloadFormat != "2.0" || len(r.op.Security) > 0 {
			return nil, fmt.Errorf("%s: only proxies in format 2.0 without an authorizer are played here", r.key())
		}
		if r.path == defaultRoute || r.path == "/"+defaultRoute {
			a.fallback = &r
			continue
		}
		a.routes = append(a.routes, r)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no route")
	}
	return a, nil
}

// Routes are the API's routes.
func (a *HTTP) Routes() (keys []string) {
	for _, r := range a.routes {
		keys = append(keys, r.key())
	}
	if a.fallback != nil {
		keys = append(keys, defaultRoute)
	}
	return keys
}

// ServeHTTP implements http.Handler: paths begin with the stage.
func (a *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	route, variables, ok := find(a.routes, r.Method, below(r, a.api.Stage), a.aws.Route)
	key := route.key()
	source := a.api.Stage + "/" + r.Method + route.path
	if !ok {
		if a.fallback == nil || !a.aws.Route(defaultRoute) {
			refuse(w, http.StatusNotFound, "Not Found")
			return
		}
		route, key, source = *a.fallback, defaultRoute, a.api.Stage+"/"+defaultRoute
	}
	function, err := functionOf(route.op.Integration.URI, a.api.Variables)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	payload, err := json.Marshal(a.payload(r, key, variables, body))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	answer, err := a.aws.Invoke(r.Context(), function, a.api.arn(source), payload, false)
	if err != nil || !writeAnswer(w, answer) {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	}
}

// refuse answers in the gateway's own words, which an HTTP API cannot change.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"message":"` + message + `"}`))
}

func (a *HTTP) payload(r *http.Request, key string, variables map[string]string, body []byte) map[string]any {
	query := map[string]string{}
	for name, values := range r.URL.Query() {
		query[name] = strings.Join(values, ",")
	}
	now := time.Now()
	in := map[string]any{
		"version": "2.0", "routeKey": key, "rawPath": r.URL.Path, "rawQueryString": r.URL.RawQuery,
		"headers": lower(r), "isBase64Encoded": false,
		"requestContext": map[string]any{
			"accountId": a.api.Account, "apiId": a.api.ID, "stage": a.api.Stage, "domainName": r.Host, "routeKey": key,
			"requestId": id.New().String(), "timeEpoch": now.UnixMilli(), "time": now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			"http": map[string]any{"method": r.Method, "path": r.URL.Path, "protocol": r.Proto, "sourceIp": sourceIP(r), "userAgent": r.UserAgent()},
		},
	}
	for name, value := range map[string]any{"queryStringParameters": some(query), "pathParameters": some(variables), "stageVariables": some(a.api.Variables)} {
		if value != nil {
			in[name] = value
		}
	}
	if cookies := r.Header.Values("Cookie"); len(cookies) > 0 {
		in["cookies"] = strings.Split(strings.Join(cookies, "; "), "; ")
	}
	switch {
	case len(body) == 0:
	case isText(r.Header.Get("Content-Type")):
		in["body"] = string(body)
	default:
		in["body"], in["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	}
	return in
}

// isText is whether an HTTP API passes on a body as it is.
func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind = strings.TrimSpace(kind); kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}
