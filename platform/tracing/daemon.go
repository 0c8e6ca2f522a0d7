package tracing

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
)

// DaemonAddress is the variable in which Lambda says where X-Ray's daemon listens.
const DaemonAddress = "AWS_XRAY_DAEMON_ADDRESS"

// Daemon is a Recorder that sends each segment to X-Ray's daemon when it ends, and links
// nothing for it: for functions for whose start somebody waits. What cannot be sent is
// lost, as it is with UDP anyway.
type Daemon struct {
	clock clock.Clock
	dial  func() (net.Conn, error)
}

var _ Recorder = (*Daemon)(nil)

// NewDaemon sends to address, a host and a port, or what of AWS_XRAY_DAEMON_ADDRESS's
// longer form is for UDP. Nothing is opened yet.
func NewDaemon(address string, c clock.Clock) *Daemon {
	for field := range strings.FieldsSeq(address) {
		if udp, ok := strings.CutPrefix(field, "udp:"); ok {
			address = udp
		}
	}
	return &Daemon{clock: c, dial: sync.OnceValues(func() (net.Conn, error) { return net.Dial("udp", address) })}
}

// document is X-Ray's segment document.
type document struct {
	Name     string  `json:"name"`
	ID       string  `json:"id"`
	TraceID  string  `json:"trace_id"`
	ParentID string  `json:"parent_id"`
	Type     string  `json:"type,omitempty"`
	Start    float64 `json:"start_time"`
	End      float64 `json:"end_time"`
	Fault    bool    `json:"fault,omitempty"`
}

// preamble begins each datagram.
const preamble = `{"format": "json", "version": 1}` + "\n"

// Begin implements Recorder.
func (d *Daemon) Begin(ctx context.Context, name string, kind Kind, parent Link) (context.Context, string, func(failed bool)) {
	s := document{
		Name: name, ID: fmt.Sprintf("%016x", rand.Uint64()|1), // all zeros is no id
		TraceID: parent.Root(), ParentID: parent.SegmentID,
		Start: seconds(d.clock.Now()),
	}
	if kind == Sub {
		s.Type = "subsegment"
	}
	return ctx, s.ID, func(failed bool) {
		s.End, s.Fault = seconds(d.clock.Now()), failed
		d.send(s)
	}
}

func (d *Daemon) send(s document) {
	encoded, err := json.Marshal(s)
	if err != nil {
		return
	}
	if c, err := d.dial(); err == nil {
		// An error is of a datagram before, which nobody has taken.
		_, _ = c.Write(append([]byte(preamble), encoded...))
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
