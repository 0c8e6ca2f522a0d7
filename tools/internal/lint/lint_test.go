package lint_test

import (
	"testing"

	"ticketmesh.dev/tools/internal/lint"
)

func TestOnlyTheNetworkExcusesMissingVulnerabilityData(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, stderr string
		want         bool
	}{
		{"no such host", `govulncheck: fetching vulnerabilities: Get "https://vuln.go.dev/index/modules.json.gz": dial tcp: lookup vuln.go.dev on 192.0.2.53:53: no such host`, true},
		{"refused", `govulncheck: fetching vulnerabilities: Get "https://vuln.go.dev/index/modules.json.gz": dial tcp 192.0.2.1:443: connect: connection refused`, true},
		{"timeout", `govulncheck: fetching vulnerabilities: Get "https://vuln.go.dev/index/modules.json.gz": dial tcp 192.0.2.1:443: i/o timeout`, true},
		{"nothing said", ``, false},
		{"a package does not load", `govulncheck: loading packages: There are errors with the provided package patterns: no such host`, false},
		{"malformed data", `govulncheck: fetching vulnerabilities: unmarshal: invalid character`, false},
		{"another failure of the request", `govulncheck: fetching vulnerabilities: Get "https://vuln.go.dev/index/modules.json.gz": unsupported protocol scheme`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := lint.Unreachable(tt.stderr); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
