// Package gateway writes what API Gateway has to know of a service's REST API,
// services/<service>/api.yaml, from the API's document in contracts/api: its routes,
// which of them need a caller, and what the gateway answers by itself. What a route
// does it leaves to the function behind it.
package gateway

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"ticketmesh.dev/platform/problem"
)

// extras are what a service's REST API has beside its document's routes.
type extras struct {
	Jobs   bool // POST /admin/jobs/{job}, for operators
	Cached bool // public reads may be cached by the gateway
	Assets bool // GET /assets/{key} comes from S3, past the function
}

// services are those with a REST API. That of notifications is an HTTP API, whose
// few routes are in its template.
var services = map[string]extras{
	"info":    {Assets: true},
	"shows":   {Jobs: true, Cached: true},
	"tickets": {Jobs: true},
}

// Run writes the file of each service of the workspace at root, or of those named,
// and returns which, sorted.
func Run(root string, names ...string) ([]string, error) {
	var written []string
	for _, service := range Services() {
		if len(names) > 0 && !slices.Contains(names, service) {
			continue
		}
		content, err := Definition(root, service)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(root, file(service)), content, 0o644); err != nil {
			return nil, err
		}
		written = append(written, file(service))
	}
	return written, nil
}

// Check returns a line for each file that is not what Run would write.
func Check(root string) ([]string, error) {
	var findings []string
	for _, service := range Services() {
		want, err := Definition(root, service)
		if err != nil {
			return nil, err
		}
		have, err := os.ReadFile(filepath.Join(root, file(service)))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		if !bytes.Equal(have, want) {
			findings = append(findings, file(service)+": is not what the contracts generate")
		}
	}
	return findings, nil
}

// Services are the services with a REST API, sorted.
func Services() []string {
	names := make([]string, 0, len(services))
	for name := range services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func file(service string) string { return filepath.Join("services", service, "api.yaml") }

//go:embed api.yaml.tmpl
var text string

var page = template.Must(template.New("api.yaml").Funcs(template.FuncMap{"problem": body}).Parse(text))

// Definition returns the content of the service's file.
func Definition(root, service string) ([]byte, error) {
	of, ok := services[service]
	if !ok {
		return nil, fmt.Errorf("%s has no REST API", service)
	}
	paths, err := readPaths(filepath.Join(root, "contracts", "api", service+".openapi.yaml"), "/"+service)
	if err != nil {
		return nil, err
	}
	if err := addressable(paths); err != nil {
		return nil, fmt.Errorf("%s: %w", service, err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, definition{
		extras: of, Service: service, Paths: paths, Failures: failures,
		Answers: []int{http.StatusOK, http.StatusNotModified, http.StatusNotFound, http.StatusServiceUnavailable},
	})
	return out.Bytes(), err
}

type definition struct {
	extras
	Service  string
	Paths    []path
	Failures []failure
	Answers  []int // of S3
}

// Keys are what an answer depends on, when it may be cached: what the document says,
// who asks, and from where, since the answer says which pages may read it.
func (d definition) Keys(o operation) []parameter {
	if !d.Cached || !o.Public() || o.ID == "getHealth" {
		return nil
	}
	return append(slices.Clone(o.Parameters), parameter{Name: "Authorization", In: "header"}, parameter{Name: "Origin", In: "header"})
}

// addressable refuses what API Gateway would: below one path there is one variable.
func addressable(paths []path) error {
	variables := map[string]string{}
	for _, p := range paths {
		parts := strings.Split(p.Path, "/")
		for i, part := range parts {
			if !strings.HasPrefix(part, "{") {
				continue
			}
			above := strings.Join(parts[:i], "/")
			if other, ok := variables[above]; ok && other != part {
				return fmt.Errorf("%s/ leads to %s and %s", above, other, part)
			}
			variables[above] = part
		}
	}
	return nil
}

// Default says that the failure stands for all of its kind, whatever their status.
func (f failure) Default() bool { return strings.HasPrefix(f.Type, "DEFAULT_") }

// failure is what the gateway answers without asking a function.
type failure struct {
	Type    string // the gateway's name for it
	Status  int
	Code    string
	Headers map[string]string
}

// Which failures there are: AWS's list of gateway responses. Those that the two
// defaults cover keep the gateway's status.
var failures = []failure{
	{Type: "ACCESS_DENIED", Status: http.StatusForbidden, Code: problem.CodeForbidden},
	{Type: "API_CONFIGURATION_ERROR", Status: http.StatusInternalServerError, Code: problem.CodeInternal},
	{Type: "AUTHORIZER_CONFIGURATION_ERROR", Status: http.StatusInternalServerError, Code: problem.CodeInternal},
	// The authorizer could not have the issuer's keys.
	{Type: "AUTHORIZER_FAILURE", Status: http.StatusServiceUnavailable, Code: problem.CodeUnavailable, Headers: retry},
	{Type: "BAD_REQUEST_BODY", Status: http.StatusBadRequest, Code: problem.CodeInvalidRequest},
	{Type: "BAD_REQUEST_PARAMETERS", Status: http.StatusBadRequest, Code: problem.CodeInvalidRequest},
	{Type: "DEFAULT_4XX", Status: http.StatusBadRequest, Code: problem.CodeInvalidRequest},
	{Type: "DEFAULT_5XX", Status: http.StatusInternalServerError, Code: problem.CodeInternal},
	{Type: "EXPIRED_TOKEN", Status: http.StatusUnauthorized, Code: problem.CodeUnauthenticated, Headers: bearer},
	{Type: "INTEGRATION_FAILURE", Status: http.StatusServiceUnavailable, Code: problem.CodeUnavailable, Headers: retry},
	{Type: "INTEGRATION_TIMEOUT", Status: http.StatusServiceUnavailable, Code: problem.CodeUnavailable, Headers: retry},
	{Type: "INVALID_API_KEY", Status: http.StatusForbidden, Code: problem.CodeForbidden},
	{Type: "INVALID_SIGNATURE", Status: http.StatusUnauthorized, Code: problem.CodeUnauthenticated},
	// A path that is not there, or a route for operators without a signature.
	{Type: "MISSING_AUTHENTICATION_TOKEN", Status: http.StatusNotFound, Code: problem.CodeNotFound},
	{Type: "QUOTA_EXCEEDED", Status: http.StatusTooManyRequests, Code: problem.CodeRateLimited},
	{Type: "REQUEST_TOO_LARGE", Status: http.StatusRequestEntityTooLarge, Code: problem.CodePayloadTooLarge},
	{Type: "RESOURCE_NOT_FOUND", Status: http.StatusNotFound, Code: problem.CodeNotFound},
	{Type: "THROTTLED", Status: http.StatusTooManyRequests, Code: problem.CodeRateLimited, Headers: retry},
	{Type: "UNAUTHORIZED", Status: http.StatusUnauthorized, Code: problem.CodeUnauthenticated, Headers: bearer},
	{Type: "UNSUPPORTED_MEDIA_TYPE", Status: http.StatusUnsupportedMediaType, Code: problem.CodeUnsupportedMediaType},
	{Type: "WAF_FILTERED", Status: http.StatusForbidden, Code: problem.CodeForbidden},
}

var (
	bearer = map[string]string{"WWW-Authenticate": "Bearer"}
	retry  = map[string]string{"Retry-After": "1"}
)

// body is the document of a problem, as a service would write it.
func body(status int, code string) (string, error) {
	document, err := problem.New(status, code, "").MarshalJSON()
	return string(document), err
}
