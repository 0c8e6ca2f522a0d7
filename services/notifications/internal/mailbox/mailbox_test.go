package mailbox_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
	"ticketmesh.dev/services/notifications/internal/mailbox"
	"ticketmesh.dev/services/notifications/internal/message"
)

func open(t *testing.T, path string) *mailbox.Box {
	t.Helper()
	box, err := mailbox.Open(context.Background(), path, clock.NewManual(time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return box
}

func TestBoxConforms(t *testing.T) {
	t.Parallel()
	apptest.Mailer(t, func(t *testing.T) apptest.Carrier {
		box := open(t, filepath.Join(t.TempDir(), "mailbox.db"))
		return apptest.Carrier{Mailer: box, Deduplicates: true, Delivered: func() []apptest.Delivered {
			mails, err := box.Latest(context.Background(), "", 1000)
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(mails)
			var list []apptest.Delivered
			for _, m := range mails {
				d := apptest.Delivered{ID: m.ID, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Unsubscribe: m.Unsubscribe}
				for _, a := range m.Attachments {
					contentType, data, err := box.File(context.Background(), m.ID, a.Name)
					if err != nil || len(data) != a.Size {
						t.Fatalf("%d bytes, %v", len(data), err)
					}
					d.Attachments = append(d.Attachments, message.Attachment{Name: a.Name, ContentType: contentType, Data: data})
				}
				list = append(list, d)
			}
			return list
		}}
	})
}

func fill(t *testing.T, box *mailbox.Box, mails ...message.Mail) {
	t.Helper()
	for _, err := range box.Send(context.Background(), mails) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, box *mailbox.Box, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	box.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestTheMailboxSurvivesARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mailbox.db")
	mail := message.Mail{ID: id.New(), To: "a@example.com", Subject: "x"}
	box, err := mailbox.Open(context.Background(), path, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, box, mail)
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	box = open(t, path)
	fill(t, box, mail) // handed over again after a crash
	if mails, err := box.Latest(context.Background(), "", 10); err != nil || len(mails) != 1 {
		t.Errorf("%d mails, %v", len(mails), err)
	}
}

func TestTheListAsJSON(t *testing.T) {
	t.Parallel()
	box := open(t, filepath.Join(t.TempDir(), "mailbox.db"))
	if got := strings.TrimSpace(get(t, box, "/dev/mailbox", "application/json").Body.String()); got != `{"items":[]}` {
		t.Errorf("an empty mailbox is %s", got)
	}
	first, second := message.Mail{ID: id.New(), To: "Anna@Example.com", Subject: "1"}, message.Mail{
		ID: id.New(), To: "berta@example.com", Subject: "2", Text: "t", HTML: "<p>h", Unsubscribe: "https://x/u",
		Attachments: []message.Attachment{{Name: "a.pdf", ContentType: "application/pdf", Data: []byte("%PDF-")}},
	}
	fill(t, box, first, second)
	w := get(t, box, "/dev/mailbox?limit=1", "application/json")
	want := `{"items":[{"id":"` + second.ID.String() + `","to":"berta@example.com","subject":"2","sentAt":"2027-02-01T09:00:00.000Z","text":"t","html":"\u003cp\u003eh",` +
		`"headers":{"List-Unsubscribe":"\u003chttps://x/u\u003e","List-Unsubscribe-Post":"List-Unsubscribe=One-Click","Message-ID":"\u003c` + second.ID.String() + `@ticketmesh.localhost\u003e"},` +
		`"attachments":[{"name":"a.pdf","contentType":"application/pdf","size":5}]}]}`
	if got := strings.TrimSpace(w.Body.String()); got != want || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var list struct{ Items []struct{ Subject string } }
	if err := json.Unmarshal(get(t, box, "/dev/mailbox?to=aNNa@example.com", "application/json").Body.Bytes(), &list); err != nil || len(list.Items) != 1 || list.Items[0].Subject != "1" {
		t.Errorf("to anna: %+v, %v", list, err)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	box := open(t, filepath.Join(t.TempDir(), "mailbox.db"))
	mail := message.Mail{
		ID: id.New(), To: "anna@example.com", Subject: "<script>alert(1)</script>", Text: "plain", HTML: `<p onclick="x">rich</p><script>alert(2)</script>`,
		Attachments: []message.Attachment{
			{Name: "tickets-K7.pdf", ContentType: "application/pdf", Data: []byte("%PDF-1.5")}, {Name: "page.html", ContentType: "text/html", Data: []byte("<script>")},
		},
	}
	fill(t, box, mail)
	one := "/dev/mailbox/" + mail.ID.String()
	tests := []struct {
		name, path, accept string
		status             int
		want, not          string
		header, value      string
	}{
		{"the list", "/dev/mailbox", browser, 200, `href="` + one + `"`, "<script>", "Content-Type", "text/html; charset=utf-8"},
		{"the list for anything", "/dev/mailbox/", "*/*", 200, "Mailbox", "<script>", "Content-Type", "text/html; charset=utf-8"},
		{"a mail", one, browser, 200, "<iframe sandbox ", "<script>", "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		{"a mail as JSON", one, "application/json", 200, `"subject"`, "<iframe", "Content-Type", "application/json"},
		{"a PDF", one + "/attachments/tickets-K7.pdf", browser, 200, "%PDF-1.5", "", "Content-Disposition", "inline; filename=tickets-K7.pdf"},
		{"what could run scripts", one + "/attachments/page.html", browser, 200, "<script>", "", "Content-Disposition", "attachment; filename=page.html"},
		{"no such attachment", one + "/attachments/x.pdf", browser, 404, "not_found", "", "Content-Type", "application/problem+json"},
		{"no such mail", "/dev/mailbox/" + id.New().String(), browser, 404, "not_found", "", "Content-Type", "application/problem+json"},
		{"no id", "/dev/mailbox/x", browser, 404, "not_found", "", "Content-Type", "application/problem+json"},
		{"a bad limit", "/dev/mailbox?limit=x", browser, 400, "limit", "", "Content-Type", "application/problem+json"},
		{"elsewhere", "/dev/else", browser, 404, "not_found", "", "Content-Type", "application/problem+json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := get(t, box, tt.path, tt.accept)
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.want) || (tt.not != "" && strings.Contains(body, tt.not)) {
				t.Errorf("%d %s", w.Code, body)
			}
			if got := w.Header().Get(tt.header); got != tt.value {
				t.Errorf("%s: %q, want %q", tt.header, got, tt.value)
			}
		})
	}
	r := httptest.NewRequest(http.MethodPost, "/dev/mailbox", nil)
	w := httptest.NewRecorder()
	box.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}
