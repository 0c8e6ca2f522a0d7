package apigw

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// document is what a REST API's says to the gateway.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		SecuritySchemes map[string]scheme
	}
	Binary   []string                   `json:"x-amazon-apigateway-binary-media-types"`
	Failures map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`
}

// REST is a REST API.
type REST struct {
	api    API
	aws    AWS
	doc    document
	routes []route

	mu    sync.Mutex
	known map[string]authorization // what the authorizer said, by token
}

// NewREST reads the API's document.
func NewREST(api API, aws AWS) (*REST, error) {
	a := &REST{api: api, aws: aws, known: map[string]authorization{}}
	if err := reread(api.Document, &a.doc); err != nil {
		return nil, err
	}
	var err error
	if a.routes, err = routes(a.doc.Paths); err != nil {
		return nil, err
	}
	if len(a.doc.Binary) != 1 || a.doc.Binary[0] != "*/*" {
		return nil, errors.New("bodies are binary, all of them or none")
	}
	for _, r := range a.routes {
		if err := r.op.Integration.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.key(), err)
		}
	}
	return a, nil
}

// Routes are the API's routes.
func (a *REST) Routes() (keys []string) {
	for _, r := range a.routes {
		keys = append(keys, r.key())
	}
	return keys
}

// Forget forgets what authorizers have said.
func (a *REST) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.known)
}

// request is one that has found its route.
type request struct {
	*http.Request
	path       string // below the stage, as the client sent it
	route      route
	variables  map[string]string
	authorizer map[string]any
	body       []byte
}

// ServeHTTP implements http.Handler: paths begin with the stage.
func (a *REST) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		a.fail(w, "REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge)
		return
	}
	path := below(r, a.api.Stage)
	route, variables, ok := find(a.routes, r.Method, path, a.aws.Route)
	if !ok {
		a.fail(w, "MISSING_AUTHENTICATION_TOKEN", http.StatusForbidden)
		return
	}
	in := &request{Request: r, path: path, route: route, variables: variables, body: body}
	if failure, status := a.authorize(in); failure != "" {
		a.fail(w, failure, status)
		return
	}
	switch route.op.Integration.Type {
	case "aws_proxy":
		a.proxy(w, in)
	case "aws":
		a.call(w, in)
	case "mock":
		a.mock(w, in)
	}
}

// below is the request's path below the stage.
func below(r *http.Request, stage string) string {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/"+stage)
	if path == "" {
		return "/"
	}
	return path
}

// method is the ARN of the method that is asked for.
func (a *REST) method(r *request) string {
	return a.api.arn(a.api.Stage + "/" + r.Method + r.path)
}
