package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"
)

// poison is an event that keeps to its schema and that tickets must refuse: a
// row has a seat twice.
func poison(t testing.TB) (eventID, text string) {
	t.Helper()
	example, err := contracts.Files.ReadFile("events/shows/examples/performance.scheduled.v1.small.json")
	if err != nil {
		t.Fatal(err)
	}
	var envelope map[string]any
	if err := json.Unmarshal(example, &envelope); err != nil {
		t.Fatal(err)
	}
	eventID = id.New().String()
	performanceID := id.New().String()
	envelope["id"], envelope["subject"] = eventID, performanceID
	data := envelope["data"].(map[string]any)
	data["performanceId"] = performanceID
	for _, area := range data["seatMap"].(map[string]any)["areas"].([]any) {
		if rows, seated := area.(map[string]any)["rows"].([]any); seated {
			rows[0].(map[string]any)["seats"] = "1-3,2"
		}
	}
	encoded, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return eventID, string(encoded)
}

func example(t testing.TB, path string) string {
	t.Helper()
	text, err := contracts.Files.ReadFile("events/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsNotACommandIsToldInOneLine(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	valid := example(t, "shows/examples/show.published.v1.full.json")
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	readable := file("sk")
	if err := os.Chmod(readable, 0o644); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	since := []string{"--from", "2026-01-01T00:00:00Z"}
	tests := []struct {
		name  string
		args  []string
		stdin string
		code  int
		says  string
	}{
		{"an unknown command", []string{"nonsense"}, "", 2, "nonsense"},
		{"an unknown flag", []string{"up", "--nonsense"}, "", 2, "nonsense"},
		{"an argument too many", []string{"up", "x"}, "", 2, "x"},
		{"a flag without its value", []string{"up", "--addr"}, "", 2, "addr"},
		{"an unknown level", []string{"up", "--log-level", "loud"}, "", 2, "loud"},
		{"an issuer without its clients", []string{"up", "--oidc-issuer", "https://issuer.example.org"}, "", 2, "--oidc-client-id"},
		{"demo users at another issuer", []string{"up", "--demo", "--oidc-issuer", "https://issuer.example.org", "--oidc-client-id", "a"}, "", 2, "--demo"},
		{"a password file that is not there", []string{"up", "--smtp-host", "mail.example.org", "--smtp-password-file", nowhere}, "", 2, "--smtp-password-file"},
		{"a key of Stripe without the secret of its webhooks", []string{"up", "--stripe-key-file", file("sk")}, "", 2, "--stripe-webhook-secret-file"},
		{"a key of Stripe that others can read", []string{"up", "--stripe-key-file", readable, "--stripe-webhook-secret-file", file("whsec")}, "", 2, "0644"},
		{"an empty key of Stripe", []string{"up", "--stripe-key-file", file(" \n"), "--stripe-webhook-secret-file", file("whsec")}, "", 2, "is empty"},
		{"a publishable key of nobody", []string{"up", "--stripe-publishable-key", "pk"}, "", 2, "--stripe-key-file"},
		{"nobody who collects money", []string{"up", "--test-payments=false"}, "", 2, "--stripe-key-file"},
		{"no patience with payments", []string{"up", "--payment-patience", "1s"}, "", 2, "--payment-patience"},
		{"a folder in use", []string{"up", "--addr", "127.0.0.1:0", "--data", s.data}, "", 1, "in use"},
		{"an address in use", []string{"up", "--addr", taken.Addr().String(), "--data", t.TempDir()}, "", 1, "in use"},
		{"an issuer that does not answer", []string{"up", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--oidc-issuer", "http://127.0.0.1:1", "--oidc-client-id", "a"}, "", 1, "127.0.0.1:1"},
		{"a group without a command", []string{"users"}, "", 2, "needs a command"},
		{"an unknown command of a group", []string{"events", "nonsense"}, "", 2, "nonsense"},
		{"a seat plan of nobody", []string{"seatplan", "import", file("{}")}, "", 2, "--email"},
		{"a seat plan in a format that is none", []string{"seatplan", "export", "x", "--email", "a@example.org", "--format", "svg"}, "", 2, "svg"},
		{"a seat plan that is no plan's id", []string{"seatplan", "export", "x", "--email", "a@example.org"}, "", 2, "id"},
		{"a seat plan that is no object", []string{"seatplan", "import", file("[]"), "--email", "a@example.org"}, "", 2, "object"},
		{"a seat plan that is not there", []string{"seatplan", "import", nowhere, "--email", "a@example.org"}, "", 2, "no such file"},
		{"nobody to add", []string{"users", "add"}, "", 2, "arg"},
		{"two to add", []string{"users", "add", "a@example.org", "b@example.org"}, "", 2, "arg"},
		{"a consumer of nothing", []string{"new", "consumer", "mine", "--dir", nowhere}, "", 2, "no event type"},
		{"a consumer of what there is not", []string{"new", "consumer", "mine", "--events", "ticketmesh.unheard.of", "--dir", nowhere}, "", 2, "ticketmesh.unheard.of"},
		{"a consumer in a folder that is in use", []string{"new", "consumer", "mine", "--events", confirmed, "--dir", s.data}, "", 2, s.data},
		{"a consumer whose name leads elsewhere", []string{"new", "consumer", "../mine", "--events", confirmed}, "", 2, "../mine"},
		{"an unknown group", []string{"users", "add", "a@example.org", "--group", "king", "--data", t.TempDir()}, password, 2, "king"},
		{"an address that is none", []string{"users", "add", "a", "--data", t.TempDir()}, password, 2, "e-mail"},
		{"a short password", []string{"users", "add", "a@example.org", "--data", t.TempDir()}, "short", 2, "password"},
		{"no password", []string{"users", "add", "a@example.org", "--data", t.TempDir()}, "", 2, "password"},
		{"no such folder", []string{"events", "tail", "--data", nowhere}, "", 2, nowhere},
		{"a limit that is none", []string{"events", "tail", "--limit", "x"}, "", 2, "limit"},
		{"an address that is no URL", []string{"events", "tail", "--url", "nonsense"}, "", 2, "nonsense"},
		{"nothing at the URL", []string{"events", "tail", "--url", "http://127.0.0.1:1"}, "", 1, "127.0.0.1:1"},
		{"no event", []string{"events", "publish"}, "", 2, "arg"},
		{"a file that is not there", []string{"events", "publish", nowhere, "--data", s.data}, "", 2, nowhere},
		{"an event that is no JSON", []string{"events", "publish", file("x"), "--data", s.data}, "", 2, "event.json"},
		{"an empty event", []string{"events", "publish", "-", "--data", s.data}, "", 2, "-"},
		{"an event without an id", []string{"events", "publish", "-", "--data", s.data}, strings.Replace(valid, `"id":`, `"idd":`, 1), 2, "id"},
		{"an event of an unknown type", []string{"events", "publish", "-", "--data", s.data}, strings.Replace(valid, "show.published.v1", "show.painted.v1", 1), 2, "show.painted.v1"},
		{"an event against its schema", []string{"events", "publish", "-", "--data", s.data}, strings.Replace(valid, `"published"`, `"painted"`, 1), 2, "status"},
		{"an event where there is no mesh", []string{"events", "publish", file(valid), "--data", nowhere}, "", 2, nowhere},
		{"a replay from no time", []string{"events", "replay", "--consumer", "notifications-orders", "--data", s.data}, "", 2, "--from"},
		{"a replay from nonsense", []string{"events", "replay", "--consumer", "notifications-orders", "--data", s.data, "--from", "today"}, "", 2, "today"},
		{"a replay until nonsense", append([]string{"events", "replay", "--consumer", "notifications-orders", "--data", s.data, "--to", "later"}, since...), "", 2, "later"},
		{"a replay to nobody", append([]string{"events", "replay", "--data", s.data}, since...), "", 2, "--consumer"},
		{"a replay to an unknown consumer", append([]string{"events", "replay", "--consumer", "nobody", "--data", s.data}, since...), "", 2, "nobody"},
		{"dead letters nowhere", []string{"dlq", "ls", "--data", nowhere}, "", 2, nowhere},
		{"dead letters of nobody", []string{"dlq", "show", "nobody", "--data", s.data}, "", 2, "nobody"},
		{"dead letters of whom", []string{"dlq", "show"}, "", 2, "arg"},
		{"an unknown dead letter", []string{"dlq", "show", "notifications-orders", id.New().String(), "--data", s.data}, "", 2, "dead letter"},
		{"a dead letter that is no id", []string{"dlq", "show", "notifications-orders", "x", "--data", s.data}, "", 2, "dead letter"},
		{"redriving for nobody", []string{"dlq", "redrive", "nobody", "--data", s.data}, "", 2, "nobody"},
		{"redriving an unknown dead letter", []string{"dlq", "redrive", "notifications-orders", id.New().String(), "--data", s.data}, "", 2, "dead letter"},
		{"an unknown service's contracts", []string{"contracts", "gen", "nonsense", "--root", "nowhere"}, "", 1, "nowhere"},
		{"contracts against nothing", []string{"contracts", "check"}, "", 2, "--against"},
		{"changes of contracts since nothing", []string{"contracts", "diff"}, "", 2, "--against"},
		{"changes of contracts since two", []string{"contracts", "diff", "--against", "HEAD", "x"}, "", 2, "x"},
		{"changes of contracts where there are none", []string{"contracts", "diff", "--against", "HEAD", "--root", nowhere}, "", 1, "git"},
		{"selling nothing", []string{"bench", "onsale", "--seats", "0"}, "", 2, "--seats"},
		{"selling to nobody", []string{"bench", "onsale", "--buyers", "0"}, "", 2, "--buyers"},
		{"starting nothing", []string{"bench", "coldstart", "--starts", "0"}, "", 2, "--starts"},
		{"starting what is not there", []string{"bench", "coldstart", "--root", "/nowhere"}, "", 1, "/nowhere"},
		{"selling where nobody is", []string{"bench", "onsale", "--seats", "1", "--buyers", "1", "--url", "http://127.0.0.1:1"}, "", 1, "127.0.0.1:1"},
		{"the health of an argument", []string{"doctor", "x"}, "", 2, "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := meshCommand(t, tt.stdin, tt.args...)
			if got.code != tt.code || got.stdout != "" {
				t.Errorf("exit code %d, want %d; it prints %q", got.code, tt.code, got.stdout)
			}
			if !strings.HasPrefix(got.stderr, "mesh: ") || strings.Count(got.stderr, "\n") != 1 || !strings.HasSuffix(got.stderr, "\n") || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("it says %q, want one line with %q", got.stderr, tt.says)
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--help"}, {"help"}, {"up", "--help"}, {"events", "--help"}, {"dlq", "show", "-h"}} {
		if got := meshCommand(t, "", args...); got.code != 0 || !strings.Contains(got.stdout, "Usage:") || got.stderr != "" {
			t.Errorf("mesh %v: %+v", args, got)
		}
	}
}

func TestUsersAreAddedBeforeTheMeshStarts(t *testing.T) {
	t.Parallel()
	s := startServer(t) // with its organizer, made in that way
	c := s.client()
	add := func(stdin string, args ...string) ran {
		return meshCommand(t, stdin, append([]string{"users", "add", "--data", s.data}, args...)...)
	}
	type result struct {
		Email   string
		Created bool
		Groups  []string
	}
	first := add("a first password\n", "door@example.org", "--group", "gate", "--json")
	if got := objects[result](t, first.stdout); len(got) != 1 || !got[0].Created || fmt.Sprint(got[0].Groups) != "[gate]" {
		t.Errorf("added: %+v", first)
	}
	again := add("another password\n", "door@example.org", "--group", "organizer", "--group", "gate", "--json")
	if got := objects[result](t, again.stdout); len(got) != 1 || got[0].Created || fmt.Sprint(got[0].Groups) != "[gate organizer]" {
		t.Errorf("added again: %+v", again)
	}
	if text := add("", "door@example.org"); text.code != 0 || !strings.Contains(text.stdout, "the password is what it was") {
		t.Errorf("added without anything: %+v", text)
	}
	refused(t, c.do(t, call{method: "POST", path: "/auth/token", body: map[string]string{"email": "door@example.org", "password": "another password"}}), 401, "unauthenticated")
	token := c.signIn(t, "door@example.org", "a first password").Access
	c.want(t, 201, call{method: "POST", path: "/shows", token: token, body: validBodies["createShow"]}, nil)
	if plain := add("a plain password", "plain@example.org"); plain.code != 0 || !strings.HasPrefix(plain.stdout, "added plain@example.org") {
		t.Errorf("without a group: %+v", plain)
	}
	refused(t, c.do(t, call{method: "POST", path: "/shows", token: c.signIn(t, "plain@example.org", "a plain password").Access, body: validBodies["createShow"]}), 403, "forbidden")
}

func TestEventsAreTailedMasked(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := s.client()
	h := c.openHouse(t, "Tail", rows(1, 4, 0), nil)
	email, token := c.customer(t)
	bought := c.buy(t, token, h.performanceID, place{"hall", "1-1"})
	code := c.ticket(t, token, bought.Tickets[0].TicketID).Code
	waitForMail(t, c, email, "Your tickets")
	for name, from := range map[string][]string{"of the folder": {"--data", s.data}, "of the address": {"--url", c.url}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"events", "tail", "--after", "0", "--json", "--limit", "1", "--type", ticketsevents.TypeOrderConfirmed}, from...)
			lines := meshOK(t, "", args...)
			got := objects[struct {
				SpecVersion, Type, Subject string
				Data                       struct{ OrderID string }
			}](t, lines)
			if len(got) != 1 || got[0].SpecVersion != "1.0" || got[0].Type != ticketsevents.TypeOrderConfirmed || got[0].Subject != bought.OrderID || got[0].Data.OrderID != bought.OrderID {
				t.Errorf("tail prints %s", lines)
			}
			for what, secret := range map[string]string{"address": email, "code": code} {
				if strings.Contains(lines, secret) {
					t.Errorf("tail shows the buyer's %s: %s", what, lines)
				}
			}
			args = append([]string{"events", "tail", "--after", "0", "--limit", "3"}, from...)
			if text := meshOK(t, "", args...); strings.Count(text, "\n") != 3 || !strings.Contains(text, showsevents.TypeShowPublished) {
				t.Errorf("as text: %s", text)
			}
		})
	}
}

func TestEventsArePublishedAndReplayed(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := s.client()
	h := c.openHouse(t, "Replay", rows(1, 4, 0), nil)
	email, token := c.customer(t)
	c.buy(t, token, h.performanceID, place{"hall", "1-1"})
	c.buy(t, token, h.performanceID, place{"hall", "1-2"})
	until(t, "two mails", func() bool { return len(c.mails(t, email)) == 2 })
	drained(t, s)

	// A performance that somebody else's program tells of is on sale.
	published := example(t, "shows/examples/performance.scheduled.v1.small.json")
	var envelope struct{ ID, Subject, Type string }
	if err := json.Unmarshal([]byte(published), &envelope); err != nil {
		t.Fatal(err)
	}
	got := objects[struct{ ID, Type string }](t, meshOK(t, published, "events", "publish", "-", "--json", "--data", s.data))
	if len(got) != 1 || got[0].ID != envelope.ID || got[0].Type != envelope.Type {
		t.Errorf("publish prints %+v", got)
	}
	until(t, "tickets has heard of the performance", func() bool {
		return c.do(t, call{method: "GET", path: "/tickets/performances/" + envelope.Subject + "/seats"}).status == 200
	})

	for _, consumer := range []struct {
		name  string
		least int
	}{{"notifications-orders", 2}, {"tickets-performances", 2}, {"shows-availability", 1}, {"notifications-catalog", 2}} {
		replayed := objects[struct {
			Consumer string
			Replayed int
		}](t, meshOK(t, "", "events", "replay", "--consumer", consumer.name, "--from", "2026-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z", "--json", "--data", s.data))
		if len(replayed) != 1 || replayed[0].Consumer != consumer.name || replayed[0].Replayed < consumer.least {
			t.Errorf("%s: %+v", consumer.name, replayed)
		}
	}
	drained(t, s)
	// A mail of a sale after them shows that all before were dealt with.
	c.buy(t, token, h.performanceID, place{"hall", "1-3"})
	until(t, "the next mail", func() bool { return len(c.mails(t, email)) >= 3 })
	if all := c.mails(t, ""); len(all) != 3 {
		t.Errorf("%d mails after a replay, want 3", len(all))
	}
	if seats := c.seats(t, h.performanceID)["hall"].Seats; seats["1-1"] != "sold" || seats["1-4"] != "available" {
		t.Errorf("the seats after a replay are %v", seats)
	}
	if none := meshOK(t, "", "events", "replay", "--consumer", "notifications-orders", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z", "--data", s.data); none != "replayed 0 events to notifications-orders\n" {
		t.Errorf("a replay of nothing prints %q", none)
	}
}

func TestPoisonIsSetAsideAndRedriven(t *testing.T) {
	t.Parallel()
	const consumer = "tickets-performances"
	s := startServer(t)
	c := s.client()
	well := func() ran { return meshCommand(t, "", "doctor", "--data", s.data, "--url", c.url) }
	if got := well(); got.code != 0 || strings.Contains(got.stdout, "FAIL") || !strings.Contains(got.stdout, "health") {
		t.Errorf("doctor: %+v", got)
	}
	eventID, text := poison(t)
	meshOK(t, text, "events", "publish", "-", "--data", s.data)

	type letter struct {
		ID, Consumer, Type, Reason, FirstAt, DeadAt string
		Receives                                    int
		Event                                       json.RawMessage
	}
	letters := func(args ...string) []letter {
		return objects[letter](t, meshOK(t, "", append([]string{"dlq", "show", consumer, "--json", "--data", s.data}, args...)...))
	}
	dead := func() bool { return len(letters()) == 1 }
	until(t, "the event is dead", dead)
	first := letters()[0]
	if first.ID != eventID || first.Consumer != consumer || first.Type != showsevents.TypePerformanceScheduled || first.Receives != 1 || first.Reason == "" || !fixedTime.MatchString(first.DeadAt) {
		t.Errorf("the dead letter is %+v", first)
	}
	whole := letters(eventID)
	var want, got bytes.Buffer
	if len(whole) != 1 || json.Compact(&want, []byte(text)) != nil || json.Compact(&got, whole[0].Event) != nil || !bytes.Contains(got.Bytes(), []byte("1-3,2")) {
		t.Errorf("shown whole: %+v", whole)
	}
	for _, queue := range objects[struct {
		Consumer string
		Dead     int
	}](t, meshOK(t, "", "dlq", "ls", "--json", "--data", s.data)) {
		if want := map[bool]int{true: 1}[queue.Consumer == consumer]; queue.Dead != want {
			t.Errorf("%s has %d dead letters, want %d", queue.Consumer, queue.Dead, want)
		}
	}
	if got := well(); got.code != 1 || !strings.Contains(got.stdout, "FAIL queue "+consumer) || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("doctor: %+v", got)
	}
	// It blocks no other.
	h := c.openHouse(t, "After the poison", rows(1, 2, 0), nil)
	_, token := c.customer(t)
	c.buy(t, token, h.performanceID, place{"hall", "1-1"})

	for _, args := range [][]string{{}, {eventID}} {
		before := letters()[0].DeadAt
		redriven := objects[struct{ Redriven int }](t, meshOK(t, "", append([]string{"dlq", "redrive", consumer, "--json", "--data", s.data}, args...)...))
		if len(redriven) != 1 || redriven[0].Redriven != 1 {
			t.Errorf("redrive %v: %+v", args, redriven)
		}
		until(t, "the event is dead again", func() bool { return dead() && letters()[0].DeadAt > before })
	}
}

func TestDoctorSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	type finding struct {
		Check  string
		OK     bool
		Detail string
	}
	examine := func(args ...string) (code int, failed []string) {
		got := meshCommand(t, "", append([]string{"doctor", "--json"}, args...)...)
		for _, f := range objects[finding](t, got.stdout) {
			if !f.OK {
				failed = append(failed, f.Check)
			}
		}
		return got.code, failed
	}
	if code, failed := examine("--data", s.data, "--url", s.mesh.URL); code != 0 || failed != nil {
		t.Errorf("a mesh that is well: %d, %v", code, failed)
	}
	if code, failed := examine("--data", filepath.Join(t.TempDir(), "nowhere")); code != 1 || fmt.Sprint(failed) != "[data folder bus]" {
		t.Errorf("no folder: %d, %v", code, failed)
	}
	if code, failed := examine("--data", s.data, "--url", "http://127.0.0.1:1"); code != 1 || fmt.Sprint(failed) != "[health]" {
		t.Errorf("no health: %d, %v", code, failed)
	}
	if err := os.Chmod(filepath.Join(s.data, "ticket-code-key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, failed := examine("--data", s.data); code != 1 || fmt.Sprint(failed) != "[ticket-code-key]" {
		t.Errorf("a secret for all to read: %d, %v", code, failed)
	}
}

// BenchmarkColdReady measures the binary from its start until it is ready, with
// demo data to make and with demo data that is there.
func BenchmarkColdReady(b *testing.B) {
	start := func(b *testing.B, data string) time.Duration {
		s := &server{t: b, data: data, args: []string{"--addr", "127.0.0.1:0", "--demo"}}
		begin := time.Now()
		s.start()
		took := time.Since(begin)
		b.StopTimer()
		if err := s.mesh.Stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		return took
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			start(b, filepath.Join(b.TempDir(), "data"))
		}
	})
	b.Run("again", func(b *testing.B) {
		data := filepath.Join(b.TempDir(), "data")
		start(b, data)
		b.ResetTimer()
		for b.Loop() {
			start(b, data)
		}
	})
}
