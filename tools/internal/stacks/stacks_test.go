package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/stacks"
)

const root = "../../.."

func TestEveryStageDeploys(t *testing.T) {
	t.Parallel()
	templates, err := stacks.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range stacks.Stages {
		account, err := templates.Deploy(stage)
		if err != nil {
			t.Error(err)
		}
		order := account.Order()
		for _, pair := range [][2]string{{"mesh", "identity"}, {"mesh", "data"}, {"edge", "site"}, {"data", "info"}, {"identity", "notifications"}, {"account", "tickets"}, {"shows", "tickets"}} {
			if slices.Index(order, pair[0]) >= slices.Index(order, pair[1]) {
				t.Errorf("%s: %s is not before %s in %v", stage, pair[0], pair[1], order)
			}
		}
	}
}

// TestTemplatesAreTranslatedAsSAMDoes has a small mesh of two stacks.
func TestTemplatesAreTranslatedAsSAMDoes(t *testing.T) {
	t.Parallel()
	templates, err := stacks.LoadFrom(t.Context(), root, "testdata/mesh")
	if err != nil {
		t.Fatal(err)
	}
	account, err := templates.Deploy("prod")
	if err != nil {
		t.Fatal(err)
	}
	if got := account.Parameters()["/mesh/prod/motto"]; got != "More <is> more" {
		t.Errorf("the motto is %q", got)
	}
	function, _ := account.Resource("second", "Function")
	code, _ := function.Properties["Code"].(map[string]any)
	if function.PhysicalID != "mesh-prod-second" || function.Properties["Description"] != "More <is> more" || function.Properties["MemorySize"] != 256.0 || code["S3Key"] != "services/second/cmd/second" {
		t.Errorf("the function is %+v", function)
	}
	aliases := account.Resources("AWS::Lambda::Alias")
	if len(aliases) != 1 || aliases[0].PhysicalID != "arn:aws:lambda:eu-central-1:123456789012:function:mesh-prod-second:live" {
		t.Errorf("the aliases are %+v", aliases)
	}
	api, _ := account.Resource("second", "Api")
	if body := text(t, api.Properties["Body"]); !strings.Contains(body, "arn:aws:lambda:eu-central-1:123456789012:function:mesh-prod-second:${stageVariables.alias}") {
		t.Errorf("the API is %s", body)
	}
}

func TestOtherParametersAreTranslatedToo(t *testing.T) {
	t.Parallel()
	templates, err := stacks.LoadFrom(t.Context(), root, "testdata/mesh")
	if err != nil {
		t.Fatal(err)
	}
	other, err := templates.With(t.Context(), map[string]map[string]string{"second": {"Memory": "512"}})
	if err != nil {
		t.Fatal(err)
	}
	for want, templates := range map[float64]*stacks.Templates{256: templates, 512: other} {
		account, err := templates.Deploy("dev")
		if err != nil {
			t.Fatal(err)
		}
		if function, _ := account.Resource("second", "Function"); function.Properties["MemorySize"] != want {
			t.Errorf("the function is %+v, want %v MB", function, want)
		}
	}
}

func TestWhatSAMRefusesIsAnErrorWithItsReason(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "deploy", "wrong")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"template.yaml": `{Transform: AWS::Serverless-2016-10-31, Resources: {Function: {Type: AWS::Serverless::Function, Properties: {CodeUri: cmd/api/, Handler: bootstrap, Memory: 1}}}}`,
		"samconfig.toml": `[dev.deploy.parameters]
stack_name = "wrong"
`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := stacks.LoadFrom(t.Context(), root, filepath.Dir(filepath.Dir(folder)))
	if err == nil || !strings.Contains(err.Error(), "dev: wrong: Resource with id [Function] is invalid. property Memory not defined") ||
		!strings.Contains(err.Error(), "prod: wrong: ValueError: samconfig.toml has no section prod") {
		t.Errorf("got %v", err)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
