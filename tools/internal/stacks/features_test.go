package stacks_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// named are resources and parameters, `stack/Name`.
var named = regexp.MustCompile("`(account|mesh|identity|data|edge|site|shows|tickets|info|notifications)/([A-Za-z0-9]+)")

// features are all that the white paper has, each by a word of its line.
var features = []string{
	"REST API", "proxy integration", "non-proxy", "mock integration", "direct integration", "HTTP API", "stage variables", "aliases", "rollback",
	"canary by CodeDeploy", "canary by the gateway", "custom domain", "base path", "certificates", "mutual TLS", "Route 53", "Cognito", "sign-up", "federation",
	"Lambda authorizer", "SigV4", "API keys", "usage plans", "throttling", "private API", "resource policy", "WAF", "API caching", "compression", "access logs",
	"metrics", "X-Ray", "VPC", "security groups", "endpoints", "Secrets Manager", "KMS", "S3", "CloudFront", "origin access control", "security headers",
	"Amplify", "405", "gateway responses", "edge-optimised", "SDK generation", "container images", "CDK", "DynamoDB", "RDS", "ElastiCache", "EventBridge", "SQS",
	"SNS", "SES", "Step Functions", "Aurora", "Timestream", "Keyspaces", "EFS", "Redshift", "Neptune", "DocumentDB", "QLDB",
}

// TestEachFeatureOfTheWhitePaperIsWhereTheReadmeSays reads the table in deploy/README.md.
func TestEachFeatureOfTheWhitePaperIsWhereTheReadmeSays(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../deploy/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(readme), "## Where each feature of the white paper is\n")
	table, _, more := strings.Cut(table, "\n## ")
	if !found || !more {
		t.Fatal("there is no table of features")
	}
	templates := map[string]map[string]bool{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 4 || cells[1] == " feature " || strings.HasPrefix(cells[1], "---") {
			continue
		}
		places := named.FindAllStringSubmatch(line, -1)
		if len(places) == 0 && !strings.Contains(line, "declined") {
			t.Errorf("%s: neither a resource nor a reason why it is declined", cells[1])
		}
		for _, place := range places {
			if templates[place[1]] == nil {
				templates[place[1]] = namesOf(t, place[1])
			}
			if !templates[place[1]][place[2]] {
				t.Errorf("%s: %s has no %s", cells[1], place[1], place[2])
			}
		}
	}
	if missing := slices.DeleteFunc(slices.Clone(features), func(f string) bool { return strings.Contains(table, f) }); len(missing) > 0 {
		t.Errorf("the table has nothing about %q", missing)
	}
}

// namesOf are the resources and parameters of a stack's template.
func namesOf(t *testing.T, stack string) map[string]bool {
	t.Helper()
	folder := "deploy"
	if slices.Contains([]string{"shows", "tickets", "info", "notifications"}, stack) {
		folder = "services"
	}
	source, err := os.ReadFile(filepath.Join("../../..", folder, stack, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Parameters map[string]yaml.Node `yaml:"Parameters"`
		Resources  map[string]yaml.Node `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(source, &template); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name := range template.Parameters {
		names[name] = true
	}
	for name := range template.Resources {
		names[name] = true
	}
	return names
}
