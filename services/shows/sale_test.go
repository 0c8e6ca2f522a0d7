package shows_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
)

// ticketOffice stands in for the tickets service. It answers what it is told to, which is
// held to the contract of tickets.
type ticketOffice struct {
	server *httptest.Server

	mu     sync.Mutex
	status int
	answer string
	asked  []document
	tokens []string
}

func newTicketOffice(t testing.TB) *ticketOffice {
	t.Helper()
	s := &ticketOffice{status: http.StatusNoContent}
	s.server = httptest.NewServer(contracttest.Document(t, "tickets").Check(t, http.HandlerFunc(s.serve)))
	t.Cleanup(s.server.Close)
	return s
}

func (s *ticketOffice) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body document
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	body["path"] = r.Method + " " + r.URL.Path
	s.asked = append(s.asked, body)
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	if s.status != http.StatusNoContent {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, s.answer) // who hangs up misses it
}

// answers has the sale answer from now on.
func (s *ticketOffice) answers(status int, problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.answer = status, problem
}

// requests returns what the sale was asked.
func (s *ticketOffice) requests() []document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}
