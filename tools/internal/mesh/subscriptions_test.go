package mesh_test

import (
	"log/slog"
	"maps"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/asyncapi"
	"ticketmesh.dev/platform/clock"

	"ticketmesh.dev/tools/internal/mesh"
)

// TestSubscriptionsAreTheDocumentedOnes compares the code with asyncapi.yaml.
func TestSubscriptionsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	opened, err := mesh.Open(t.Context(), mesh.Config{
		Addr: "127.0.0.1:0", DataDir: t.TempDir(), Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	documented, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	subscribed := opened.Consumers()
	for _, types := range subscribed {
		slices.Sort(types)
	}
	if !maps.EqualFunc(documented, subscribed, slices.Equal) {
		t.Errorf("documented %v\nsubscribed %v", documented, subscribed)
	}
	if len(subscribed) == 0 {
		t.Error("nobody subscribes to anything")
	}
}
