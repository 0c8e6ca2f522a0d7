package contracttest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
)

const (
	placed1 = "ticketmesh.tickets.hold.placed.v1"
	placed2 = "ticketmesh.tickets.hold.placed.v2"
)

// later are contracts with two versions of an event.
func later(files ...string) fstest.MapFS {
	contracts := fstest.MapFS{}
	for _, file := range append(files,
		"hold.placed.v1.schema.json", "hold.placed.v2.schema.json", "hold.placedbo.v1.schema.json", "examples/hold.placed.v1.a.json", "examples/hold.placed.v1.b.json",
		"examples/hold.placed.v1.c.json", "examples/hold.placed.v2.a.json", "examples/hold.placed.v2.b.json") {
		contracts["events/tickets/"+file] = &fstest.MapFile{Data: []byte(`{}`)}
	}
	return contracts
}

func TestExamplesOfAllVersionsInTheArchiveAreGiven(t *testing.T) {
	t.Parallel()
	if _, err := contracttest.FindExamples(later(), placed1); err == nil || !strings.Contains(err.Error(), placed2+", which the archive may hold, is not") {
		t.Errorf("the newer version is not subscribed to: %v", err)
	}
	if _, err := contracttest.FindExamples(later("examples/hold.placed.v2.c.json"), placed2); err == nil || !strings.Contains(err.Error(), placed1+", which the archive may hold, is not") {
		t.Errorf("the older version is not subscribed to: %v", err)
	}
	if _, err := contracttest.FindExamples(later(), placed1, placed2); err == nil || !strings.Contains(err.Error(), "has 2 examples") {
		t.Errorf("too few examples: %v", err)
	}
	examples, err := contracttest.FindExamples(later("examples/hold.placed.v2.c.json"), placed1, placed2)
	if err != nil || len(examples) != 6 || examples[0].Type != placed1 || examples[5].Type != placed2 || examples[5].Name != "hold.placed.v2.c.json" {
		t.Errorf("got %+v: %v", examples, err)
	}
}

// TestWhatHasGrownIsStillOfItsVersion: members added everywhere break no schema,
// and every object has one.
func TestWhatHasGrownIsStillOfItsVersion(t *testing.T) {
	t.Parallel()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range contracttest.Examples(t, validator.Types()...) {
		grown := example.Grown(t)
		var before, after struct{ Data json.RawMessage }
		if err := json.Unmarshal(example.Event, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(grown.Event, &after); err != nil {
			t.Fatal(err)
		}
		if err := validator.Validate(grown.Type, after.Data); err != nil {
			t.Errorf("%s: %v", grown.Name, err)
		}
		if added, want := strings.Count(string(after.Data), `"addedLater"`), strings.Count(string(before.Data), "{"); added != want {
			t.Errorf("%s: %d members are added, want one in each of %d objects", grown.Name, added, want)
		}
	}
}

func TestDeliveriesAreAllThatTheBusMayDo(t *testing.T) {
	t.Parallel()
	examples := contracttest.Examples(t, placed1)
	n := len(examples)
	var names []string
	for _, d := range contracttest.Deliveries(t, placed1) {
		names = append(names, d.Name)
		var want []int // which of the examples
		for i := range n {
			switch d.Name {
			case "each twice":
				want = append(want, i, i)
			case "in the other order":
				want = append(want, n-1-i)
			default:
				want = append(want, i)
			}
		}
		if d.Name == "all of them twice" {
			want = append(want, want...)
		}
		if len(d.Examples) != len(want) {
			t.Fatalf("%s: %d events, want %d", d.Name, len(d.Examples), len(want))
		}
		for i, e := range d.Examples {
			if e.Name != examples[want[i]].Name || (d.Name == "with members added later") != strings.Contains(string(e.Event), "addedlater") {
				t.Errorf("%s: event %d is %s", d.Name, i, e.Name)
			}
		}
	}
	if len(names) != 5 {
		t.Errorf("deliveries %v", names)
	}
}
