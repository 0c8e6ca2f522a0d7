package gateway_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/tools/internal/gateway"
)

// workspace has a document of tickets with these paths.
func workspace(t *testing.T, paths string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"contracts/api/tickets.openapi.yaml": "openapi: 3.1.0\nsecurity: [{bearer: []}]\npaths:\n" + paths,
		"services/tickets/template.yaml":     "",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

type definition struct {
	Paths    map[string]map[string]operation `yaml:"paths"`
	Failures map[string]struct {
		Status     string            `yaml:"statusCode"`
		Parameters map[string]string `yaml:"responseParameters"`
		Templates  map[string]string `yaml:"responseTemplates"`
	} `yaml:"x-amazon-apigateway-gateway-responses"`
}

type operation struct {
	Security    any `yaml:"security"`
	Integration struct {
		Type string   `yaml:"type"`
		Keys []string `yaml:"cacheKeyParameters"`
	} `yaml:"x-amazon-apigateway-integration"`
}

func define(t *testing.T, root, service string) definition {
	t.Helper()
	content, err := gateway.Definition(root, service)
	if err != nil {
		t.Fatal(err)
	}
	var d definition
	if err := yaml.Unmarshal(content, &d); err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	return d
}

const anyMethod = "x-amazon-apigateway-any-method"

func TestRoutesLoseTheServicesPrefixAndOthersGoToTheFunctionUncalledFor(t *testing.T) {
	t.Parallel()
	d := define(t, workspace(t, `
  /tickets:
    get: {operationId: list, security: []}
  /tickets/holds/{holdId}:
    delete: {operationId: release}
    get: {operationId: read, security: [{}, {bearer: []}]}
`), "tickets")
	if got, want := slices.Sorted(maps.Keys(d.Paths)), []string{"/", "/admin/jobs/{job}", "/holds/{holdId}", "/ping"}; !slices.Equal(got, want) {
		t.Fatalf("paths are %q, want %q", got, want)
	}
	if got, want := slices.Sorted(maps.Keys(d.Paths["/holds/{holdId}"])), []string{"delete", "get", anyMethod}; !slices.Equal(got, want) {
		t.Errorf("methods are %q, want %q", got, want)
	}
	for _, tt := range []struct {
		path, method string
		caller       bool
	}{{"/", "get", false}, {"/", anyMethod, false}, {"/holds/{holdId}", "delete", true}, {"/holds/{holdId}", "get", false}, {"/holds/{holdId}", anyMethod, false}} {
		o := d.Paths[tt.path][tt.method]
		if o.Integration.Type != "aws_proxy" {
			t.Errorf("%s %s goes to %q", tt.method, tt.path, o.Integration.Type)
		}
		if caller := o.Security != nil; caller != tt.caller {
			t.Errorf("%s %s: needs a caller: %t", tt.method, tt.path, caller)
		}
	}
}

func TestWhatTheGatewayWouldRefuseIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, give, want string }{
		{"two variables in one place", "  /tickets/{a}:\n    get: {operationId: x}\n  /tickets/{b}/more:\n    get: {operationId: y}\n", "{a} and {b}"},
		{"another's path", "  /shows:\n    get: {operationId: x}\n", "not below /tickets"},
		{"a path that only begins alike", "  /ticketsale:\n    get: {operationId: x}\n", "not below /tickets"},
		{"a parameter that is not there", "  /tickets:\n    get: {operationId: x, parameters: [{$ref: '#/components/parameters/Gone'}]}\n", "Gone is not there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := gateway.Definition(workspace(t, tt.give), "tickets"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestFailuresAreProblems(t *testing.T) {
	t.Parallel()
	d := define(t, "../../..", "tickets")
	for _, want := range []struct{ failure, status, code string }{
		{"UNAUTHORIZED", "401", "unauthenticated"},
		{"MISSING_AUTHENTICATION_TOKEN", "404", "not_found"},
		{"THROTTLED", "429", "rate_limited"},
		{"AUTHORIZER_FAILURE", "503", "unavailable"},
		{"DEFAULT_5XX", "", "internal"},
	} {
		f := d.Failures[want.failure]
		var document struct{ Code, Type, Title string }
		if err := json.Unmarshal([]byte(f.Templates["application/json"]), &document); err != nil {
			t.Fatalf("%s: %v", want.failure, err)
		}
		if f.Status != want.status || document.Code != want.code || document.Type != "https://ticketmesh.dev/problems/"+want.code {
			t.Errorf("%s: got %q, %+v", want.failure, f.Status, document)
		}
		for header, value := range map[string]string{"Content-Type": "'application/problem+json'", "Access-Control-Allow-Origin": "'*'"} {
			if got := f.Parameters["gatewayresponse.header."+header]; got != value {
				t.Errorf("%s: %s is %q, want %q", want.failure, header, got, value)
			}
		}
	}
}

// What one caller may see must not be remembered for another.
func TestCachedAnswersDependOnTheCaller(t *testing.T) {
	t.Parallel()
	cached := 0
	for path, operations := range define(t, "../../..", "shows").Paths {
		for method, o := range operations {
			if len(o.Integration.Keys) == 0 {
				continue
			}
			cached++
			if method != "get" || o.Security != nil || !slices.Contains(o.Integration.Keys, "method.request.header.Authorization") {
				t.Errorf("%s %s is cached by %q", method, path, o.Integration.Keys)
			}
			for _, part := range strings.Split(path, "/") {
				if name, ok := strings.CutPrefix(part, "{"); ok && !slices.Contains(o.Integration.Keys, "method.request.path."+strings.TrimSuffix(name, "}")) {
					t.Errorf("%s is cached by %q", path, o.Integration.Keys)
				}
			}
		}
	}
	if cached == 0 {
		t.Error("nothing is cached")
	}
}

func TestCheckFindsAFileThatWasChanged(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "contracts", "api"), os.DirFS("../../../contracts/api")); err != nil {
		t.Fatal(err)
	}
	for _, service := range gateway.Services() {
		if err := os.MkdirAll(filepath.Join(root, "services", service), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	written, err := gateway.Run(root, "tickets", "shows")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"services/shows/api.yaml", "services/tickets/api.yaml"}; !slices.Equal(written, want) {
		t.Errorf("wrote %q, want %q", written, want)
	}
	if err := os.WriteFile(filepath.Join(root, "services", "tickets", "api.yaml"), []byte("by hand"), 0o600); err != nil {
		t.Fatal(err)
	}
	findings, err := gateway.Check(root)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"services/info/api.yaml: is not what the contracts generate", "services/tickets/api.yaml: is not what the contracts generate"}; !slices.Equal(findings, want) {
		t.Errorf("found %q, want %q", findings, want)
	}
}
