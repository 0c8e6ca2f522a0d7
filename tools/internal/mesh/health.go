package mesh

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"ticketmesh.dev/platform/problem"
)

// health answers 200 when every part answers, else 503 and which does not.
func (m *Mesh) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		problem.Write(w, r, problem.MethodNotAllowed("GET, HEAD"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	parts := map[string]string{}
	status := http.StatusOK
	check := func(name string, ready func(context.Context) error) {
		parts[name] = "ok"
		if ready == nil {
			return
		}
		if err := ready(ctx); err != nil {
			m.config.Logger.ErrorContext(ctx, "part does not answer", "part", name, "error", err)
			parts[name], status = "failed", http.StatusServiceUnavailable
		}
	}
	check("bus", m.bus.Ready)
	for _, s := range m.services {
		check(s.Name, s.Ready)
	}
	overall := "ok"
	if status != http.StatusOK {
		overall = "failed"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; nobody else wants to know.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": overall, "parts": parts})
}
