package coldstart_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestXRaysSDKIsWhereItsStartIsAffordable holds the functions to the list: what links the
// SDK starts because of a stream or the clock, and within 30 ms of a bare function at the
// memory that its template sets.
func TestXRaysSDKIsWhereItsStartIsAffordable(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), "go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}} {{join .Deps " "}}{{end}}`,
		"ticketmesh.dev/services/info/cmd/...", "ticketmesh.dev/services/notifications/cmd/...",
		"ticketmesh.dev/services/shows/cmd/...", "ticketmesh.dev/services/tickets/cmd/...", "ticketmesh.dev/platform/cmd/...")
	command.Dir = "../../.."
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	all := 0
	for line := range strings.Lines(string(output)) {
		name, dependencies, _ := strings.Cut(strings.TrimSpace(line), " ")
		all++
		if slices.Contains(strings.Fields(dependencies), "github.com/aws/aws-xray-sdk-go/xray") {
			service := path.Base(path.Dir(path.Dir(name)))
			linked = append(linked, service+"/"+path.Base(name))
		}
	}
	slices.Sort(linked)
	if want := []string{"info/relay", "notifications/relay", "shows/relay"}; !slices.Equal(linked, want) || all < 15 {
		t.Errorf("of %d functions the SDK is linked by %v, want %v", all, linked, want)
	}
}
