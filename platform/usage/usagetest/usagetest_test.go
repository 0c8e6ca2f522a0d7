package usagetest_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/platform/usage/usagetest"
)

// ask sends a request as the SDK does, and returns the answer's status.
func ask(t *testing.T, m *usagetest.Meter, path, target, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestWhatAFunctionAsksForIsCounted(t *testing.T) {
	t.Parallel()
	emulator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(emulator.Close)
	m := usagetest.New(t, emulator.URL, nil)
	mail := `{"Content":{"Raw":{"Data":"` + base64.StdEncoding.EncodeToString(make([]byte, 1025)) + `"}}}`
	event := func(size int) string {
		return fmt.Sprintf(`{"Source":"s","DetailType":"t","Detail":"%s"}`, strings.Repeat("x", size-2))
	}
	for range 2 {
		m.Invoke("sender", func() []byte {
			for _, r := range [][3]string{
				{"/", "AWSEvents.PutEvents", `{"Entries":[` + event(64<<10) + "," + event(64<<10+1) + `]}`},
				{"/v2/email/outbound-emails", "", mail},
				{"/", "AmazonSQS.SendMessage", "{}"},
				{"/", "secretsmanager.GetSecretValue", "{}"},
			} {
				if got := ask(t, m, r[0], r[1], r[2]); got != http.StatusAccepted {
					t.Errorf("%s%s is answered %d", r[0], r[1], got)
				}
			}
			fmt.Fprint(m.Log(), "line")
			return make([]byte, 1025)
		})
	}
	m.Invoke("api", func() []byte {
		if got := ask(t, m, "/", "AmazonSNS.Publish", "{}"); got != http.StatusNotImplemented {
			t.Errorf("what nobody knows the price of is answered %d", got)
		}
		return nil
	})
	taken := m.Take()
	got := taken["sender"]
	if got.GzipBytes == 0 || got.GzipBytes > 100 {
		t.Errorf("compressed, nothing is %d bytes", got.GzipBytes)
	}
	got.OwnMillis, got.GzipBytes = 0, 0
	want := usage.Usage{
		Invocations: 2, Requests: map[string]int{"events.PutEvents": 2, "ses.SendEmail": 2, "sqs.SendMessage": 2, "secretsmanager.GetSecretValue": 2},
		Events: 6, EventKB: 258, Mails: 2, MailKB: 4, ResponseKB: 4, LogBytes: 8,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || taken["api"].Invocations != 1 || len(taken["api"].Requests) != 0 || len(m.Take()) != 0 {
		t.Errorf("got %+v\nwant %+v", taken, want)
	}
}

// told is a test that keeps what it is told.
type told struct {
	testing.TB
	errors []string
}

func (t *told) Errorf(format string, arguments ...any) {
	t.errors = append(t.errors, fmt.Sprintf(format, arguments...))
}

// TestAFileIsHeldToWhatIsMeasured sets a flag of the process, so it does not run beside others.
func TestAFileIsHeldToWhatIsMeasured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "units.json")
	of := func(units int, millis float64) usage.Case {
		return usage.Case{"api": {Invocations: 1, WriteUnits: units, OwnMillis: millis}}
	}
	measured := map[string][]usage.Case{"sale": {of(8, 3), of(8, 1), of(8, 2)}}
	write := func(value string) {
		if err := flag.Set("write-units", value); err != nil {
			t.Fatal(err)
		}
	}
	write("true")
	usagetest.Hold(t, path, measured)
	write("false")
	written, err := usage.Read(path)
	if err != nil || fmt.Sprint(written) != fmt.Sprint(map[string]usage.Case{"sale": of(8, 2)}) {
		t.Errorf("written %v, %v", written, err)
	}
	for _, tt := range []struct {
		name     string
		measured map[string][]usage.Case
		want     string
	}{
		{"the same", measured, ""},
		{"the same in another time", map[string][]usage.Case{"sale": {of(8, 100)}}, ""},
		{"more units", map[string][]usage.Case{"sale": {of(9, 2)}}, "measured"},
		{"not the same each time", map[string][]usage.Case{"sale": {of(8, 2), of(9, 2)}}, "then"},
		{"a new use case", map[string][]usage.Case{"sale": {of(8, 2)}, "refund": {of(1, 1)}}, "refund"},
		{"none", nil, "not measured any more"},
	} {
		test := &told{TB: t}
		usagetest.Hold(test, path, tt.measured)
		if got := strings.Join(test.errors, "\n"); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: told %q, want %q", tt.name, got, tt.want)
		}
	}
}
