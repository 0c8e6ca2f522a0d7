package aws_test

import (
	"log/slog"
	"testing"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/platform/usage/usagetest"
	"ticketmesh.dev/services/info/aws/relay"
)

// TestTheFileOfUnitsSaysWhatUseCasesCost is what an idle stage is computed from. The
// database's time counts as the function's own.
func TestTheFileOfUnitsSaysWhatUseCasesCost(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	meter := usagetest.New(t, c.variables["AWS_ENDPOINT_URL"], nil)
	c.variables["AWS_ENDPOINT_URL"] = meter.URL()
	sweep, err := relay.Open(t.Context(), lambda.Runtime{Getenv: c.getenv, Logger: slog.New(slog.NewJSONHandler(meter.Log(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	var measured []usage.Case
	for range 4 {
		meter.Invoke("relay", func() []byte {
			if _, err := sweep(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			return nil
		})
		measured = append(measured, meter.Take())
	}
	// The first connects, for which it reads the secret.
	usagetest.Hold(t, "../docs/units.json", map[string][]usage.Case{"nothing due": measured[1:]})
}
