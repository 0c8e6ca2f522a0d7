package compose_test

import (
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/notifications/internal/message"
)

func TestAConfirmationListsFeesAndTax(t *testing.T) {
	t.Parallel()
	tests := []struct {
		language string
		included bool
		want     string
	}{
		{"en", true, "Booking fee: €3.00\nCard: €1.01\nVAT 7.7 % (included): €88.00\nTotal: €1,234.50\n"},
		{"en", false, "Booking fee: €3.00\nCard: €1.01\nVAT 7.7 %: €88.00\nTotal: €1,234.50\n"},
		{"de", true, "VAT 7.7 % (enthalten): 88,00"},
	}
	for _, tt := range tests {
		m := give(message.OrderConfirmed, tt.language)
		eur := func(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }
		m.Content.Fees = []message.Fee{{Name: "Booking\nfee", Amount: eur(300)}, {Name: "Card", Amount: eur(101)}}
		m.Content.Tax = message.Tax{Name: "VAT", Percent: "7.7", Included: tt.included, Amount: eur(8800)}
		mail, err := composer(t).Compose(m, background())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.Text, tt.want) {
			t.Errorf("lacks %q:\n%s", tt.want, mail.Text)
		}
	}
	mail, err := composer(t).Compose(give(message.OrderConfirmed, "en"), background())
	if err != nil || strings.Contains(mail.Text, " %") {
		t.Errorf("there is no tax, %v:\n%s", err, mail.Text)
	}
}

func TestTheMailAboutANewTimeTellsUntilWhenTicketsMayBeReturned(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{
		"en": "may return them until Sunday, 15 August 2027, 20:00 (Europe/Vienna)",
		"de": "sie bis Sonntag, 15. August 2027, 20:00 Uhr (Europe/Vienna) zurückgeben",
	} {
		b := background()
		without, err := composer(t).Compose(give(message.PerformanceRescheduled, language), b)
		if err != nil || strings.Contains(without.Text, "return") || strings.Contains(without.Text, "zurück") {
			t.Errorf("nobody may return anything, %v:\n%s", err, without.Text)
		}
		b.Performance.ReturnsUntil = time.Date(2027, 8, 15, 18, 0, 0, 0, time.UTC)
		mail, err := composer(t).Compose(give(message.PerformanceRescheduled, language), b)
		if err != nil || !strings.Contains(mail.Text, want) {
			t.Errorf("lacks %q, %v:\n%s", want, err, mail.Text)
		}
	}
}
