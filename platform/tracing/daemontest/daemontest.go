// Package daemontest is a double of X-Ray's daemon, for tests: it takes what functions
// send by UDP and reads it as X-Ray documents it.
package daemontest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// maxDatagram is what the daemon takes; it drops longer documents.
const maxDatagram = 64 << 10

// Document is what a test looks at of a segment document. Nested subsegments are
// documents of their own here, as if they had come alone.
type Document struct {
	Name     string  `json:"name"`
	ID       string  `json:"id"`
	TraceID  string  `json:"trace_id"`
	ParentID string  `json:"parent_id"`
	Type     string  `json:"type"` // "subsegment", or empty
	Start    float64 `json:"start_time"`
	End      float64 `json:"end_time"`
	Fault    bool    `json:"fault"`

	Subsegments []Document `json:"subsegments"`
}

// Daemon is the double.
type Daemon struct {
	conn net.PacketConn

	mu        sync.Mutex
	arrived   chan struct{} // closed at the next arrival
	documents []Document
	ids       map[string]bool
}

// Start starts the double until the test ends. A datagram that X-Ray would not take
// fails the test.
func Start(t testing.TB) *Daemon {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{conn: conn, arrived: make(chan struct{}), ids: make(map[string]bool)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		datagram := make([]byte, maxDatagram+1)
		for {
			n, _, err := conn.ReadFrom(datagram)
			if err != nil {
				return // closed
			}
			if err := d.take(datagram[:n]); err != nil {
				t.Errorf("%v: %.300s", err, datagram[:n])
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return d
}

// Address is for AWS_XRAY_DAEMON_ADDRESS.
func (d *Daemon) Address() string { return d.conn.LocalAddr().String() }

func (d *Daemon) take(datagram []byte) error {
	if len(datagram) > maxDatagram {
		return fmt.Errorf("a datagram of more than %d bytes", maxDatagram)
	}
	head, body, _ := bytes.Cut(datagram, []byte("\n"))
	var preamble struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(head, &preamble); err != nil || preamble.Format != "json" || preamble.Version != 1 {
		return fmt.Errorf("the first line is not the daemon's (%v)", err)
	}
	var s Document
	if err := json.Unmarshal(body, &s); err != nil {
		return err
	}
	if len(s.TraceID) != 35 || s.Type != "" && s.Type != "subsegment" || s.Type == "subsegment" && s.ParentID == "" {
		return fmt.Errorf("no trace, a type that there is not, or a subsegment without parent")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.add(s); err != nil {
		return err
	}
	close(d.arrived)
	d.arrived = make(chan struct{})
	return nil
}

// add keeps s and what is nested in it. What has come before is the same to X-Ray.
func (d *Daemon) add(s Document) error {
	if len(s.ID) != 16 || s.Name == "" || len(s.Name) > 200 || s.End < s.Start || s.Start == 0 {
		return fmt.Errorf("id, name or times are not as X-Ray has them")
	}
	if !d.ids[s.ID] {
		d.ids[s.ID] = true
		d.documents = append(d.documents, s)
	}
	for _, nested := range s.Subsegments {
		nested.TraceID, nested.ParentID, nested.Type = s.TraceID, s.ID, "subsegment"
		if err := d.add(nested); err != nil {
			return err
		}
	}
	return nil
}

// Wait returns the documents that have come once there are n, or fails the test.
func (d *Daemon) Wait(t testing.TB, n int) []Document {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		d.mu.Lock()
		documents, arrived := append([]Document(nil), d.documents...), d.arrived
		d.mu.Unlock()
		if len(documents) >= n {
			return documents
		}
		select {
		case <-arrived:
		case <-limit:
			t.Fatalf("%d documents have come, want %d: %+v", len(documents), n, documents)
		}
	}
}

// Chain returns the documents from the outermost down to the segment id. It fails the
// test when they are not all of one trace.
func Chain(t testing.TB, documents []Document, id string) []Document {
	t.Helper()
	byID := make(map[string]Document, len(documents))
	for _, s := range documents {
		byID[s.ID] = s
	}
	var chain []Document
	for s, ok := byID[id]; ok; s, ok = byID[s.ParentID] {
		if s.TraceID != byID[id].TraceID {
			t.Fatalf("%s is of trace %s and %s below it of %s", s.Name, s.TraceID, id, byID[id].TraceID)
		}
		chain = append([]Document{s}, chain...)
		if len(chain) > len(documents) {
			t.Fatalf("the chain of %s is a ring", id)
		}
	}
	return chain
}
