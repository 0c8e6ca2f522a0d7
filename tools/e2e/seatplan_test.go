package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/showsapi"

	"ticketmesh.dev/tools/internal/demo"
)

// TestASeatPlanMovesInAndOut takes a plan of pretix in, writes it out again and
// takes that in: nothing of it is lost.
func TestASeatPlanMovesInAndOut(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	const source = "../../services/shows/internal/pretix/testdata/hall-1500.pretix.json"
	path, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	as := []string{"--url", s.mesh.URL, "--email", demo.Organizer}
	in := func(path string, more ...string) showsapi.SeatPlanImport {
		t.Helper()
		text := meshOK(t, demo.Password+"\n", append(append([]string{"seatplan", "import", path, "--format", "pretix", "--json"}, as...), more...)...)
		var imported showsapi.SeatPlanImport
		if err := imported.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return imported
	}
	first := in(path, "--name", "Sports hall")
	if first.Plan.Name != "Sports hall" || first.Plan.Places != 1252 || len(first.Findings) == 0 {
		t.Errorf("plan %q of %d places, %d findings", first.Plan.Name, first.Plan.Places, len(first.Findings))
	}
	if told := meshOK(t, demo.Password+"\n", append([]string{"seatplan", "import", path}, as...)...); !strings.Contains(told, "1252 places") || !strings.Contains(told, "\nnote: ") {
		t.Errorf("told %q", told)
	}
	out := meshOK(t, demo.Password+"\n", append([]string{"seatplan", "export", first.Plan.PlanID.String()}, as...)...)
	exported := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(exported, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	again := in(exported)
	want, err := json.Marshal(first.Plan.Areas)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(again.Plan.Areas)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("areas\n got %s\nwant %s", got, want)
	}

	stranger := meshCommand(t, "wrong\n", append([]string{"seatplan", "export", first.Plan.PlanID.String()}, as...)...)
	if stranger.code != 1 || strings.Count(stranger.stderr, "\n") != 1 || !strings.Contains(stranger.stderr, "unauthenticated") {
		t.Errorf("exit code %d, %q", stranger.code, stranger.stderr)
	}
}
