package shows_test

import (
	"context"
	"strings"
	"testing"

	"ticketmesh.dev/services/shows/embedded"
)

func TestWhatIsMissingIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := embedded.Open(t.Context(), embedded.Config{})
	for _, name := range []string{"DataDir", "BaseURL", "Clock", "Logger", "Verifier", "Validator"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+name+" is missing") {
			t.Errorf("Open() = %v, want it to name %s", err, name)
		}
	}
}

func TestTheServiceSaysWhatItIs(t *testing.T) {
	t.Parallel()
	m := start(t)
	if m.Name != "shows" || len(m.Prefixes) != 1 || m.Prefixes[0] != "/shows" || m.Outbox == nil {
		t.Errorf("service %+v", m.Service)
	}
	if len(m.Subscriptions) != 2 || m.Subscriptions[0].Name != "shows-availability" || m.Subscriptions[1].Name != "shows-venues" {
		t.Errorf("subscriptions %v", m.Subscriptions)
	}
	if err := m.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHealthFailsOnceTheStoreIsGone(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.close()
	m.do(nobody, "GET", "/shows/healthz", nil).want(503, "unavailable")
	m.do(nobody, "GET", "/shows", nil).want(500, "internal")
}

func TestJobsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	m := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, job := range m.Jobs {
		if err := job.Run(ctx); err != nil {
			t.Errorf("%s: %v", job.Name, err)
		}
	}
}
