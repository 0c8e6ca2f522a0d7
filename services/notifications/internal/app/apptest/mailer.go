// Package apptest holds the conformance suites of the ports of notifications: each adapter of a port runs the port's
// suite.
package apptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Delivered is a mail as the carrier's other side has it.
type Delivered struct {
	ID          id.ID // of its Message-ID
	To          string
	Subject     string
	Text        string
	HTML        string
	Unsubscribe string
	Attachments []message.Attachment
}

// Carrier is a Mailer with a look at what arrives.
type Carrier struct {
	Mailer app.Mailer
	// Delivered returns what has arrived, in any order.
	Delivered func() []Delivered
	// Deduplicates says that a mail with the id of one before is accepted and dropped.
	Deduplicates bool
}

// Mailer is the suite for app.Mailer. open returns a carrier of its own for each test.
func Mailer(t *testing.T, open func(t *testing.T) Carrier) {
	mail := func(to string) message.Mail {
		return message.Mail{
			ID: id.New(), To: to, Subject: "Ihre Tickets: Dvořák – Ωδή", Text: "Grüße, 千\n.\nEnde\n", HTML: "<p>Grüße &amp; 千</p>", Language: "de",
			Date:        time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC),
			Attachments: []message.Attachment{{Name: "tickets-K7.pdf", ContentType: "application/pdf", Data: []byte("%PDF-1.5\n\x00\xff\r\n.\r\n")}},
		}
	}
	send := func(t *testing.T, c Carrier, mails ...message.Mail) []error {
		t.Helper()
		errs := c.Mailer.Send(context.Background(), mails)
		if len(errs) != len(mails) {
			t.Fatalf("%d results for %d mails", len(errs), len(mails))
		}
		return errs
	}

	t.Run("a mail arrives as it is", func(t *testing.T) {
		c := open(t)
		give := mail("anna@example.com")
		give.Unsubscribe = "https://tickets.example.com/notifications/unsubscribe/abc"
		if err := send(t, c, give)[0]; err != nil {
			t.Fatal(err)
		}
		got := c.Delivered()
		if len(got) != 1 {
			t.Fatalf("%d arrived", len(got))
		}
		d := got[0]
		if d.ID != give.ID || d.To != give.To || d.Subject != give.Subject || lines(d.Text) != lines(give.Text) || lines(d.HTML) != lines(give.HTML) || d.Unsubscribe != give.Unsubscribe {
			t.Errorf("got %+v, want %+v", d, give)
		}
		if len(d.Attachments) != 1 || d.Attachments[0].Name != "tickets-K7.pdf" || d.Attachments[0].ContentType != "application/pdf" || !slices.Equal(d.Attachments[0].Data, give.Attachments[0].Data) {
			t.Errorf("attachments = %+v", d.Attachments)
		}
	})
	t.Run("a batch arrives whole", func(t *testing.T) {
		c := open(t)
		var give []message.Mail
		for i := range 20 {
			give = append(give, mail(fmt.Sprintf("c%d@example.com", i)))
		}
		for _, err := range send(t, c, give...) {
			if err != nil {
				t.Fatal(err)
			}
		}
		got := map[string]id.ID{}
		for _, d := range c.Delivered() {
			got[d.To] = d.ID
		}
		if len(got) != len(give) {
			t.Fatalf("%d arrived, want %d", len(got), len(give))
		}
		for _, want := range give {
			if got[want.To] != want.ID {
				t.Errorf("what arrived at %s is another mail", want.To)
			}
		}
	})
	t.Run("one bad address stops no other mail", func(t *testing.T) {
		c := open(t)
		bad := mail("not an address\r\nBcc: eve@example.com")
		errs := send(t, c, mail("a@example.com"), bad, mail("b@example.com"))
		if errs[0] != nil || errs[2] != nil {
			t.Errorf("errors = %v", errs)
		}
		if !errors.Is(errs[1], message.ErrRejected) {
			t.Errorf("a bad address: %v, want rejected", errs[1])
		}
		if got := c.Delivered(); len(got) != 2 {
			t.Errorf("%d arrived, want 2", len(got))
		}
	})
	t.Run("no header hides in a subject", func(t *testing.T) {
		c := open(t)
		give := mail("anna@example.com")
		give.Subject = "Hello\r\nBcc: eve@example.com"
		send(t, c, give)
		for _, d := range c.Delivered() {
			if d.To != "anna@example.com" {
				t.Errorf("arrived at %q", d.To)
			}
		}
	})
	t.Run("a mail that comes again is accepted", func(t *testing.T) {
		c := open(t)
		give := mail("anna@example.com")
		for range 3 {
			if err := send(t, c, give)[0]; err != nil {
				t.Fatal(err)
			}
		}
		want := 3
		if c.Deduplicates {
			want = 1
		}
		got := c.Delivered()
		if len(got) != want {
			t.Errorf("%d arrived, want %d", len(got), want)
		}
		for _, d := range got {
			if d.ID != give.ID {
				t.Errorf("it has another id: %s", d.ID)
			}
		}
	})
	t.Run("nothing is sent after the context has ended", func(t *testing.T) {
		c := open(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		errs := c.Mailer.Send(ctx, []message.Mail{mail("a@example.com"), mail("b@example.com")})
		for _, err := range errs {
			if !errors.Is(err, context.Canceled) || errors.Is(err, message.ErrRejected) {
				t.Errorf("error = %v", err)
			}
		}
		if got := c.Delivered(); len(got) != 0 {
			t.Errorf("%d arrived", len(got))
		}
	})
	t.Run("an empty batch is no trouble", func(t *testing.T) {
		send(t, open(t))
	})
}

// lines makes line ends comparable: mail has its own.
func lines(s string) string {
	return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}
