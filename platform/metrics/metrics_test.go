package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/metrics"
)

// line is what CloudWatch reads, by the specification of the format.
type line struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

func log() (*metrics.Log, *bytes.Buffer) {
	var out bytes.Buffer
	return metrics.New(&out, clock.NewManual(time.UnixMilli(1764000000123)), "test"), &out
}

// read returns the metrics of each line as name, unit, dimensions and values.
func read(t *testing.T, out string) [][]string {
	t.Helper()
	var all [][]string
	for text := range strings.Lines(out) {
		var l line
		var members map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if err := json.Unmarshal([]byte(text), &members); err != nil {
			t.Fatal(err)
		}
		if l.AWS.Timestamp != 1764000000123 || len(l.AWS.CloudWatchMetrics) != 1 || l.AWS.CloudWatchMetrics[0].Namespace != metrics.Namespace {
			t.Fatalf("wrote %s", text)
		}
		d := l.AWS.CloudWatchMetrics[0]
		if len(d.Dimensions) != 1 {
			t.Fatalf("wrote %s", text)
		}
		var dimensions []string
		for _, name := range d.Dimensions[0] {
			dimensions = append(dimensions, fmt.Sprintf("%s=%v", name, members[name]))
		}
		var metrics []string
		for _, m := range d.Metrics {
			values, ok := members[m.Name].([]any)
			if !ok || len(values) > 100 {
				t.Fatalf("%s has %d values: CloudWatch takes 1 to 100", m.Name, len(values))
			}
			if len(values) > 3 {
				values = []any{len(values)}
			}
			metrics = append(metrics, fmt.Sprint(m.Name, " ", m.Unit, " ", dimensions, " ", values))
		}
		all = append(all, metrics)
	}
	return all
}

func TestEachMetricIsALine(t *testing.T) {
	t.Parallel()
	at := func(ms ...int64) (times []time.Time) {
		for _, ms := range ms {
			times = append(times, time.UnixMilli(1764000000123-ms))
		}
		return times
	}
	many := at(make([]int64, 201)...)
	tests := []struct {
		name string
		tell func(l *metrics.Log)
		want [][]string
	}{
		{"sales", func(l *metrics.Log) { l.Sold(4) }, [][]string{{"TicketsSold Count [Stage=test] [4]"}}},
		{"holds", func(l *metrics.Log) { l.Held(8) }, [][]string{{"SeatsHeld Count [Stage=test] [8]"}}},
		{"refused", func(l *metrics.Log) { l.Refused() }, [][]string{{"HoldsRefused Count [Stage=test] [1]"}}},
		{"mails to send", func(l *metrics.Log) { l.MailsTried(at(5, 7)) }, [][]string{{"MailAge Milliseconds [Stage=test] [5 7]"}}},
		{"mails", func(l *metrics.Log) { l.MailsSettled(3, 1) }, [][]string{{"MailsSent Count [Stage=test] [3]", "MailsFailed Count [Stage=test] [1]"}}},
		{"a mail that came back", func(l *metrics.Log) { l.MailReturned() }, [][]string{{"MailsReturned Count [Stage=test] [1]"}}},
		{"cold start", func(l *metrics.Log) { l.ColdStart("api") }, [][]string{{"ColdStarts Count [Stage=test Function=api] [1]"}}},
		{"dead letter", func(l *metrics.Log) { l.DeadLetter("c") }, [][]string{{"DeadLetters Count [Stage=test Consumer=c] [1]"}}},
		{"depth", func(l *metrics.Log) { l.DeadLettersWaiting("c", 0) }, [][]string{{"DeadLettersWaiting Count [Stage=test Consumer=c] [0]"}}},
		{"a batch", func(l *metrics.Log) { l.Consumed("c", 2, 1, at(10, 20)) }, [][]string{{
			"EventsHandled Count [Stage=test Consumer=c] [2]", "EventsFailed Count [Stage=test Consumer=c] [1]", "EventLag Milliseconds [Stage=test Consumer=c] [10 20]",
		}}},
		{"a batch that failed", func(l *metrics.Log) { l.Consumed("c", 0, 1, nil) }, [][]string{{
			"EventsHandled Count [Stage=test Consumer=c] [0]", "EventsFailed Count [Stage=test Consumer=c] [1]",
		}}},
		{"a large batch", func(l *metrics.Log) { l.Consumed("c", 201, 0, many) }, [][]string{
			{"EventsHandled Count [Stage=test Consumer=c] [201]", "EventsFailed Count [Stage=test Consumer=c] [0]", "EventLag Milliseconds [Stage=test Consumer=c] [100]"},
			{"EventLag Milliseconds [Stage=test Consumer=c] [100]"},
			{"EventLag Milliseconds [Stage=test Consumer=c] [0]"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, out := log()
			tt.tell(l)
			if got := read(t, out.String()); !slices.EqualFunc(got, tt.want, slices.Equal) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			tt.tell(nil) // drops it
		})
	}
}
