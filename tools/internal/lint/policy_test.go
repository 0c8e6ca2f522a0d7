package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/lint"
)

// TestPolicyFindsWhatIsBroken changes one line each of a template that has no finding.
func TestPolicyFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, template, old, new, want string }{
		{"as it is", "services/notifications", "", "", ""},
		{"an unencrypted queue", "services/notifications", "SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false", "CatalogQueue: Ensure that queues are encrypted"},
		{"a table without a way back", "services/notifications", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "CKV_AWS_28"},
		{"a public bucket", "deploy/site", "BlockPublicPolicy: true", "BlockPublicPolicy: false", "CKV_AWS_54"},
		{"a database on the internet", "deploy/data", "PubliclyAccessible: false", "PubliclyAccessible: true", "CKV_AWS_17"},
		{"an API without a log", "services/info", "      AccessLogSetting:\n        DestinationArn: !GetAtt AccessLogs.Arn\n", "      Cached:\n", "CKV_AWS_76"},
		{"a reason that is missing", "deploy/data", "{id: CKV_AWS_157, comment: 'Standby decides; true is its default'}", "{id: CKV_AWS_157}", "skipped without a reason"},
		{"a template that cannot be read", "deploy/data", "Resources:", "Resources: [", "checkov read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(tt.template), "template.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(content), tt.old) {
				t.Fatalf("%s has no %q", tt.template, tt.old)
			}
			file := filepath.Join(t.TempDir(), "template.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(string(content), tt.old, tt.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := lint.PolicyOf(t.Context(), root, file)
			if err != nil {
				found = append(found, err.Error())
			}
			got := strings.Join(found, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %q", got, tt.want)
			}
		})
	}
}
