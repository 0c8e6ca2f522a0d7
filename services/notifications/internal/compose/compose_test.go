package compose_test

import (
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/notifications/internal/compose"
	"ticketmesh.dev/services/notifications/internal/message"
)

func composer(t testing.TB) *compose.Composer {
	t.Helper()
	c, err := compose.New("https://tickets.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func background() message.Background {
	return message.Background{
		Performance: message.Performance{
			ID: id.New(), Title: "Die Zauberflöte", StartsAt: time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC), TimeZone: "Europe/Vienna", Reason: "Der Tenor ist krank.",
			Areas: map[string]string{"stalls": "Parkett"}, Categories: map[string]string{"a": "Kategorie A"},
		},
		Venue:       &message.Venue{Name: "Staatsoper", City: "Wien"},
		Preferences: message.AllWanted(), Token: "tok",
	}
}

func give(template message.Template, language string) message.Message {
	return message.New(message.Origin{EventID: id.New()}, template, message.Recipient{CustomerID: "c", Email: "c@example.com", Language: language}, id.New(), id.New(),
		message.Content{
			OrderCode: "K7QF", Amount: money.Money{Amount: 123450, Currency: "EUR"}, Reason: "customer", Quantity: 2, PriceCategory: "a", OtherEmail: "o@example.com",
			ExpiresAt: time.Date(2027, 2, 1, 9, 30, 0, 0, time.UTC), PreviousStart: time.Date(2027, 5, 1, 17, 0, 0, 0, time.UTC),
			Tickets: []message.Ticket{{ID: id.New(), AreaID: "stalls", Seat: "A-B-12", PriceCategory: "a", Price: money.Money{Amount: 8950, Currency: "EUR"}, Code: "tm1.code"}},
		}, time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC))
}

func TestEveryTemplateInEveryLanguage(t *testing.T) {
	t.Parallel()
	c := composer(t)
	for _, template := range message.Templates() {
		for language, want := range map[string][2]string{
			"en": {"Tuesday, 1 June 2027, 20:00 (Europe/Vienna)", "Stop mails of this kind"},
			"de": {"Dienstag, 1. Juni 2027, 20:00 Uhr (Europe/Vienna)", "Mails dieser Art abbestellen"},
		} {
			m := give(template, language)
			mail, err := c.Compose(m, background())
			if err != nil {
				t.Fatal(err)
			}
			for part, text := range map[string]string{"text": mail.Text, "HTML": mail.HTML} {
				for _, want := range []string{"Die Zauberflöte", want[0], "Staatsoper, Wien", want[1], "https://tickets.example.com/notifications/unsubscribe/tok"} {
					if !strings.Contains(text, want) {
						t.Errorf("%s of %s in %s lacks %q:\n%s", part, template, language, want, text)
					}
				}
				for _, not := range []string{"<no value>", "%!", "{{", "\n\n\n"} {
					if strings.Contains(text, not) {
						t.Errorf("%s of %s in %s has %q:\n%s", part, template, language, not, text)
					}
				}
			}
			if !strings.Contains(mail.Subject, "Die Zauberflöte") || mail.To != "c@example.com" || mail.ID != m.ID || mail.Language != language {
				t.Errorf("%s in %s: %+v", template, language, mail)
			}
			if (mail.Unsubscribe == "") != template.Transactional() {
				t.Errorf("%s: List-Unsubscribe = %q", template, mail.Unsubscribe)
			}
			again, err := c.Compose(m, background())
			if err != nil || again.Text != mail.Text || again.HTML != mail.HTML || (len(mail.Attachments) > 0 && string(again.Attachments[0].Data) != string(mail.Attachments[0].Data)) {
				t.Errorf("%s in %s: composed twice, different mails", template, language)
			}
			if draft := c.Draft(template, language); draft == "" || strings.Contains(draft, "Zauberflöte") {
				t.Errorf("draft of %s in %s = %q", template, language, draft)
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	c := composer(t)
	for give, want := range map[string]string{
		"en": "Your tickets", "de": "Ihre Tickets", "de-AT": "Ihre Tickets", "DE": "Ihre Tickets", "fr": "Your tickets", "": "Your tickets", "xx-yy-zz": "Your tickets",
	} {
		if got := c.Draft(message.OrderConfirmed, give); got != want {
			t.Errorf("%q: %q, want %q", give, got, want)
		}
	}
}

func TestAmountsAndPlaces(t *testing.T) {
	t.Parallel()
	c := composer(t)
	tests := []struct {
		name     string
		language string
		amount   money.Money
		want     string
	}{
		{"two decimals", "en", money.Money{Amount: 123450, Currency: "EUR"}, "€1,234.50"},
		{"German", "de", money.Money{Amount: 123450, Currency: "EUR"}, "1.234,50"},
		{"no decimals", "en", money.Money{Amount: 1250, Currency: "JPY"}, "1,250"},
		{"three decimals", "en", money.Money{Amount: 1250, Currency: "KWD"}, "1.250"},
		{"an unknown currency", "en", money.Money{Amount: 1250, Currency: "ZZZ"}, "ZZZ 1250"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := give(message.OrderConfirmed, tt.language)
			m.Content.Amount = tt.amount
			mail, err := c.Compose(m, background())
			if err != nil || !strings.Contains(mail.Text, tt.want) {
				t.Errorf("no %q in\n%s\n%v", tt.want, mail.Text, err)
			}
		})
	}
	m := give(message.OrderConfirmed, "en")
	m.Content.Tickets = append(m.Content.Tickets, message.Ticket{ID: id.New(), AreaID: "standing", PriceCategory: "b", Code: "x"})
	mail, err := c.Compose(m, background())
	if err != nil || !strings.Contains(mail.Text, "- Parkett, Row A-B, Seat 12, Kategorie A, €89.50\n- standing, b\n") {
		t.Errorf("places in\n%s\n%v", mail.Text, err)
	}
}

func TestWhatComesFromOutsideStaysInItsPlace(t *testing.T) {
	t.Parallel()
	c := composer(t)
	b := background()
	b.Performance.Title = "Evil\r\nBcc: eve@example.com\n\n<script>alert(1)</script> & {{.}}"
	b.Venue.Name = `"><img src=x>`
	mail, err := c.Compose(give(message.PerformanceRescheduled, "en"), b)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(mail.Subject, "\r\n") {
		t.Errorf("subject = %q", mail.Subject)
	}
	if strings.Contains(mail.HTML, "<script>") || strings.Contains(mail.HTML, "<img") {
		t.Errorf("unescaped in\n%s", mail.HTML)
	}
	if !strings.Contains(mail.Text, "Evil Bcc: eve@example.com <script>alert(1)</script> & {{.}}\n") {
		t.Errorf("the title isn't one line of\n%s", mail.Text)
	}
}

func TestRefundsGiveTheirReasonInWords(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		"performance_cancelled": "\nReason: the performance is cancelled\n", "payment_too_late": "\nReason: the payment arrived after the reservation had expired\n",
		"The bar\nwas closed": "\nReason: The bar was closed\n", "": "",
	} {
		m := give(message.OrderRefunded, "en")
		m.Content.Reason = reason
		mail, err := composer(t).Compose(m, background())
		if err != nil || !strings.Contains(mail.Text, want) || (reason == "" && strings.Contains(mail.Text, "Reason")) {
			t.Errorf("%q: %v\n%s", reason, err, mail.Text)
		}
	}
}

func TestAnUnknownTimeZoneIsUTC(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Mars/Olympus", "", "Local", "../etc/passwd"} {
		b := background()
		b.Performance.TimeZone = zone
		mail, err := composer(t).Compose(give(message.OrderDeclined, "en"), b)
		if err != nil || !strings.Contains(mail.Text, "18:00 (UTC)") {
			t.Errorf("%q: %v\n%s", zone, err, mail.Text)
		}
	}
}

func TestTicketsThatCannotBePrintedAreAnError(t *testing.T) {
	t.Parallel()
	m := give(message.OrderConfirmed, "en")
	m.Content.Tickets[0].Code = strings.Repeat("é", 3000)
	if _, err := composer(t).Compose(m, background()); err == nil {
		t.Error("no error")
	}
}

func TestOnlyTicketsWithCodesArePrinted(t *testing.T) {
	t.Parallel()
	for _, template := range message.Templates() {
		m := give(template, "en")
		m.Content.Tickets[0].Code = ""
		mail, err := composer(t).Compose(m, background())
		if err != nil || len(mail.Attachments) != 0 {
			t.Errorf("%s: %d attachments, %v", template, len(mail.Attachments), err)
		}
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("Die Zauberflöte", "A-1", "de", "stalls", "EUR")
	f.Add("\x00\r\n\u2028{{", "-", "x", "", "")
	c := composer(f)
	f.Fuzz(func(t *testing.T, title, seat, language, area, code string) {
		b := background()
		b.Performance.Title = title
		for _, template := range message.Templates() {
			m := give(template, language)
			m.Content.Tickets[0].Seat, m.Content.Tickets[0].AreaID, m.Content.Amount.Currency, m.Content.OrderCode = seat, area, code, title
			mail, err := c.Compose(m, b)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(mail.Subject, "\r\n\x00") {
				t.Errorf("subject = %q", mail.Subject)
			}
		}
	})
}

func BenchmarkCompose(b *testing.B) {
	c := composer(b)
	m, back := give(message.OrderConfirmed, "de"), background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compose(m, back); err != nil {
			b.Fatal(err)
		}
	}
}
