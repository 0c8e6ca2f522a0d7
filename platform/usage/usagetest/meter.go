// Package usagetest measures what functions ask of AWS: it stands between them and an
// emulator. A service's test repeats its use cases and holds the file of their units to
// what it measured. It knows no service of ours.
package usagetest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/dynamo/units"
	"ticketmesh.dev/platform/usage"
)

// Meter measures one invocation after another. Several functions must not run at once.
type Meter struct {
	server *httptest.Server
	table  *units.Meter
	log    counter

	mu      sync.Mutex
	now     usage.Usage
	busy    int // requests under way
	since   time.Time
	waiting time.Duration // in which there was one
	taken   usage.Case
}

// New listens until the test ends, and passes everything on to the emulator's endpoint.
// table counts what goes to DynamoDB; nil where there is no table.
func New(tb testing.TB, endpoint string, table *units.Meter) *Meter {
	tb.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	m := &Meter{table: table, taken: usage.Case{}}
	var handler http.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	if table != nil {
		handler = table.Handler(handler)
	}
	m.server = httptest.NewServer(m.watch(handler))
	tb.Cleanup(m.server.Close)
	return m
}

// URL is what functions are told as AWS_ENDPOINT_URL.
func (m *Meter) URL() string { return m.server.URL }

// Log is where functions write what they log and measure.
func (m *Meter) Log() io.Writer { return &m.log }

// Invoke has a function do something once; f returns what it has answered to somebody who
// waits for it.
func (m *Meter) Invoke(function string, f func() []byte) {
	m.mu.Lock()
	m.now, m.waiting = usage.Usage{}, 0
	m.mu.Unlock()
	m.log.take()
	begin := time.Now()
	answered := f()
	took := time.Since(begin)

	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.taken[function]
	u.Invocations++
	if len(answered) > 0 {
		u.ResponseKB += 1 + (len(answered)-1)/1024
		u.GzipBytes += compressed(answered)
	}
	u.LogBytes += m.log.take()
	u.OwnMillis += (took - m.waiting).Seconds() * 1000
	u.Events += m.now.Events
	u.EventKB += m.now.EventKB
	u.Mails += m.now.Mails
	u.MailKB += m.now.MailKB
	if u.Requests == nil && len(m.now.Requests) > 0 {
		u.Requests = map[string]int{}
	}
	for name, n := range m.now.Requests {
		u.Requests[name] += n
	}
	if m.table != nil {
		total := m.table.Take().Total()
		u.ReadUnits += total.Read
		u.WriteUnits += total.Write
	}
	m.taken[function] = u
}

func compressed(b []byte) int {
	var n counter
	w := gzip.NewWriter(&n)
	_, _ = w.Write(b) // a counter takes everything
	_ = w.Close()
	return n.take()
}

// Take returns what was measured since the last call.
func (m *Meter) Take() usage.Case {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.taken
	m.taken = usage.Case{}
	return taken
}

// watch counts requests, and the time in which one is under way.
func (m *Meter) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.begin()
		defer m.end()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := m.count(r, body); err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func (m *Meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy++; m.busy == 1 {
		m.since = time.Now()
	}
}

func (m *Meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy--; m.busy == 0 {
		m.waiting += time.Since(m.since)
	}
}

// eventBytes is how much of an event is charged as one.
const eventBytes = 64 << 10

// count counts a request by what it asks for. One of a service that it does not know is
// an error, or its price would be forgotten.
func (m *Meter) count(r *http.Request, body []byte) error {
	name := r.Header.Get("X-Amz-Target")
	var u usage.Usage
	switch {
	case strings.HasPrefix(name, "DynamoDB_20120810."):
		name = "dynamodb." + strings.TrimPrefix(name, "DynamoDB_20120810.")
	case strings.HasPrefix(name, "AmazonSQS."):
		name = "sqs." + strings.TrimPrefix(name, "AmazonSQS.")
	case strings.HasPrefix(name, "secretsmanager."), strings.HasPrefix(name, "AmazonSSM."):
	case name == "AWSEvents.PutEvents":
		name = "events.PutEvents"
		var put struct {
			Entries []struct{ Source, DetailType, Detail string }
		}
		if err := json.Unmarshal(body, &put); err != nil {
			return err
		}
		for _, e := range put.Entries {
			size := len(e.Source) + len(e.DetailType) + len(e.Detail)
			u.Events += 1 + (size-1)/eventBytes
			u.EventKB += 1 + (size-1)/1024
		}
	case name == "" && r.URL.Path == "/v2/email/outbound-emails":
		name = "ses.SendEmail"
		var sent struct {
			Content struct{ Raw struct{ Data []byte } }
		}
		if err := json.Unmarshal(body, &sent); err != nil {
			return err
		}
		u.Mails, u.MailKB = 1, 1+(len(sent.Content.Raw.Data)-1)/1024
	default:
		return fmt.Errorf("%s %s %s is nothing that is measured", r.Method, r.URL.Path, name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now.Requests == nil {
		m.now.Requests = map[string]int{}
	}
	m.now.Requests[name]++
	m.now.Events += u.Events
	m.now.EventKB += u.EventKB
	m.now.Mails += u.Mails
	m.now.MailKB += u.MailKB
	return nil
}

// counter counts what is written.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += len(p)
	return len(p), nil
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}
