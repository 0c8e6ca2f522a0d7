// Package apigw plays API Gateway: REST APIs as their OpenAPI document describes them to
// it, and HTTP APIs, each as a handler of what comes below its stage. What is not in the
// document is answered as AWS does, by no function. It knows no service, and keeps to
// what the mesh's templates use: everything else in a document is an error.
package apigw

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// API says which API is played.
type API struct {
	ID, Name, Stage string
	Account, Region string
	// Variables are the stage's.
	Variables map[string]string
	// Document is the API's body in its template, resolved.
	Document any
}

// arn names a part of the API for policies, for instance info/GET/venues.
func (a API) arn(part string) string {
	return "arn:aws:execute-api:" + a.Region + ":" + a.Account + ":" + a.ID + "/" + part
}

// AWS is what is behind an API. All may be called by several at a time.
type AWS struct {
	// Invoke has a function answer, which may be known by an alias. source is the ARN of
	// who asks for it, a method or an authorizer. An event is not waited for.
	Invoke func(ctx context.Context, function, source string, payload []byte, event bool) ([]byte, error)
	// Object reads a bucket's object in the name of a role.
	Object func(ctx context.Context, role, path string, header http.Header) (*http.Response, error)
	// Claims verifies a token of a user pool. An error is 401.
	Claims func(ctx context.Context, pool, token string) (map[string]any, error)
	// Signed is whether a request is signed by somebody who may send it.
	Signed func(r *http.Request) bool
	// Key is whether an API key is one.
	Key func(key string) bool
	// Route is told of the route that is taken, for instance "GET /venues". When it says
	// no, there is no such route.
	Route func(route string) bool
}

// route is a path and a method of a document.
type route struct {
	path   string
	method string // ANY is every one
	op     operation
}

func (r route) key() string { return r.method + " " + r.path }

// operation is what a document says of a method.
type operation struct {
	Security    []map[string][]string
	Integration integration `json:"x-amazon-apigateway-integration"`
}

const anyMethod = "x-amazon-apigateway-any-method"

// methods of a document's path.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", anyMethod}

// routes reads the paths of a document.
func routes(paths map[string]map[string]json.RawMessage) ([]route, error) {
	var found []route
	for path, operations := range paths {
		for _, method := range methods {
			text, ok := operations[method]
			if !ok {
				continue
			}
			r := route{path: path, method: strings.ToUpper(method)}
			if method == anyMethod {
				r.method = "ANY"
			}
			if err := json.Unmarshal(text, &r.op); err != nil {
				return nil, fmt.Errorf("%s: %w", r.key(), err)
			}
			found = append(found, r)
		}
	}
	return found, nil
}

// find returns the route of a request with the variables of its path. The more of a
// path's beginning is literal, the sooner it is taken; then the method that is named.
// Routes for which use says no are not there.
func find(all []route, method, path string, use func(route string) bool) (found route, variables map[string]string, ok bool) {
	best := ""
	for _, r := range all {
		rank, values, matches := match(r.path, path)
		switch {
		case !matches || r.method != "ANY" && r.method != method:
			continue
		case r.method == "ANY":
			rank += "z" // after all others of the path
		}
		if !ok || rank < best {
			best, found, variables, ok = rank, r, values, true
		}
	}
	if ok && !use(found.key()) {
		rest := make([]route, 0, len(all))
		for _, r := range all {
			if r.key() != found.key() {
				rest = append(rest, r)
			}
		}
		return find(rest, method, path, use)
	}
	return found, variables, ok
}

// match matches a path, as it was sent, with a route's. The rank orders routes: a
// literal segment comes before a variable, and that before one that takes the rest.
func match(pattern, path string) (rank string, variables map[string]string, ok bool) {
	want, have := segments(pattern), segments(path)
	variables = map[string]string{}
	for i, w := range want {
		name, variable := strings.CutPrefix(strings.TrimSuffix(w, "}"), "{")
		switch {
		case variable && strings.HasSuffix(name, "+"):
			variables[strings.TrimSuffix(name, "+")] = unescape(strings.Join(have[min(i, len(have)):], "/"))
			return rank + "c", variables, len(have) > i
		case i >= len(have):
			return "", nil, false
		case variable:
			variables[name] = unescape(have[i])
			rank += "b"
		case w == unescape(have[i]):
			rank += "a"
		default:
			return "", nil, false
		}
	}
	return rank, variables, len(want) == len(have)
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// reread puts decoded JSON into a type.
func reread(from, into any) error {
	encoded, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, into)
}
