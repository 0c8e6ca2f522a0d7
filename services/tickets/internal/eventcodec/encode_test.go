package eventcodec_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	events "ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/eventcodec"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

var now = time.Date(2027, 3, 1, 12, 0, 0, 7_000_000, time.UTC)

func newValidator(t testing.TB) *contracts.Validator {
	t.Helper()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

func eur(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }

func sampleHold() hold.Hold {
	return hold.Hold{
		ID: id.New(), PerformanceID: id.New(), CustomerID: "花子 \"quoted\" <&> \u2028", Status: hold.Active, Total: eur(10350), PlacedAt: now,
		ExpiresAt: now.Add(hold.Period), Version: 1,
		Items: []hold.Item{
			{AreaID: "stalls", Seats: []string{"Ä-1", "Ä-2"}, Places: []inventory.Place{{Slot: 0}, {Slot: 1}}, PriceCategory: "I", Tier: "früh", Concession: "学生", UnitPrice: eur(4200)},
			{AreaID: "floor", Places: []inventory.Place{{Partition: 3, Slot: 5}}, PriceCategory: "II", UnitPrice: eur(1500)},
		},
		Extras: pricing.Extras{
			Fees: []pricing.ChargedFee{{ID: "service", Name: "Gebühr", Amount: eur(450)}},
			Tax:  pricing.ChargedTax{Name: "VAT", Percent: 77_500, Included: true, Amount: eur(744)},
		},
	}
}

func sampleOrder() order.Order {
	h := sampleHold()
	return order.Order{
		ID: id.New(), Code: "7KQ2M9XWDR", HoldID: h.ID, PerformanceID: h.PerformanceID, ShowID: id.New(), OrganizerID: "olga",
		CustomerID: "anna", Email: "anna@example.com", Language: "de-AT", Status: order.Confirmed, Items: h.Items, Extras: h.Extras, Total: h.Total,
		Refunded: eur(0), Payment: payment.Payment{Provider: "test", Status: payment.Captured, Reason: "card_declined"}, CreatedAt: now, Version: 2,
	}
}

func sampleTicket() ticket.Ticket {
	return ticket.Ticket{
		ID: id.New(), OrderID: id.New(), PerformanceID: id.New(), AreaID: "stalls", Seat: "Ä-1", PriceCategory: "I", Price: eur(4200), Tier: "früh", Concession: "学生",
		Status: ticket.Valid, Holder: ticket.Holder{CustomerID: "anna", Email: "anna@example.com", Language: "de-AT"}, Issue: 1, Version: 1,
		Admission: ticket.Admission{At: now, Gate: "門"},
	}
}

func standing() ticket.Ticket {
	k := sampleTicket()
	k.AreaID, k.Seat = "floor", ""
	return k
}

// decoder is a generated event type.
type decoder interface {
	UnmarshalJSON([]byte) error
}

func TestEveryFactBecomesAnEventOfItsContract(t *testing.T) {
	t.Parallel()
	validator := newValidator(t)
	placed, ordered, seat, place := sampleHold(), sampleOrder(), sampleTicket(), standing()
	refund := order.Refund{ID: id.New(), OrderID: ordered.ID, Amount: eur(4200), Reason: "", CreatedAt: now}
	refunded := ordered
	refunded.Status = order.PartiallyRefunded
	entry := waitlist.Entry{
		ID: id.New(), PerformanceID: id.New(), PriceCategory: "自由席", Quantity: 2, CustomerID: "anna", Email: "anna@example.com", Language: "en",
		Status: waitlist.Offered, HoldID: id.New(), ExpiresAt: now, Version: 2,
	}
	partition := inventory.New(inventory.Key{PerformanceID: id.New(), AreaID: "floor", Number: 3}, 64)
	tests := []struct {
		name    string
		give    any
		want    string
		subject string
		into    decoder
	}{
		{"hold placed", hold.PlacedFact{Hold: placed}, events.TypeHoldPlaced, placed.ID.String(), &events.HoldPlaced{}},
		{"hold released", hold.ReleasedFact{Hold: placed, Reason: hold.ReasonReleased}, events.TypeHoldReleased, placed.ID.String(), &events.HoldReleased{}},
		{"hold expired", hold.ReleasedFact{Hold: placed, Reason: hold.ReasonExpired}, events.TypeHoldReleased, placed.ID.String(), &events.HoldReleased{}},
		{"hold of a cancelled performance", hold.ReleasedFact{Hold: placed, Reason: hold.ReasonPerformanceCancelled}, events.TypeHoldReleased, placed.ID.String(), &events.HoldReleased{}},
		{"order placed", order.PlacedFact{Order: ordered}, events.TypeOrderPlaced, ordered.ID.String(), &events.OrderPlaced{}},
		{"order confirmed", order.ConfirmedFact{Order: ordered, Tickets: []order.IssuedTicket{{Ticket: seat, Code: "a.b.c"}, {Ticket: place, Code: "d.e.f"}}}, events.TypeOrderConfirmed, ordered.ID.String(), &events.OrderConfirmed{}},
		{"order declined", order.DeclinedFact{Order: ordered}, events.TypeOrderDeclined, ordered.ID.String(), &events.OrderDeclined{}},
		{"order cancelled with tickets", order.CancelledFact{Order: ordered, Reason: order.ByCustomer, Tickets: []ticket.Ticket{seat, place}}, events.TypeOrderCancelled, ordered.ID.String(), &events.OrderCancelled{}},
		{"order cancelled unpaid", order.CancelledFact{Order: ordered, Reason: order.ByOrganizer}, events.TypeOrderCancelled, ordered.ID.String(), &events.OrderCancelled{}},
		{"order of a cancelled performance", order.CancelledFact{Order: ordered, Reason: order.PerformanceCancelled}, events.TypeOrderCancelled, ordered.ID.String(), &events.OrderCancelled{}},
		{"order paid too late", order.CancelledFact{Order: ordered, Reason: order.PaymentTooLate}, events.TypeOrderCancelled, ordered.ID.String(), &events.OrderCancelled{}},
		{"order refunded", order.RefundedFact{Order: refunded, Refund: refund, Tickets: []ticket.Ticket{seat}}, events.TypeOrderRefunded, ordered.ID.String(), &events.OrderRefunded{}},
		{"ticket transferred", ticket.TransferredFact{Ticket: seat, From: ticket.Holder{Email: "old@example.com", Language: "en"}, Code: "a.b.c"}, events.TypeTicketTransferred, seat.ID.String(), &events.TicketTransferred{}},
		{"ticket refunded", ticket.VoidedFact{Ticket: place, Reason: ticket.ReasonRefunded}, events.TypeTicketVoided, place.ID.String(), &events.TicketVoided{}},
		{"ticket cancelled", ticket.VoidedFact{Ticket: seat, Reason: ticket.ReasonCancelled}, events.TypeTicketVoided, seat.ID.String(), &events.TicketVoided{}},
		{"ticket of a cancelled performance", ticket.VoidedFact{Ticket: seat, Reason: ticket.ReasonPerformanceCancelled}, events.TypeTicketVoided, seat.ID.String(), &events.TicketVoided{}},
		{"ticket admitted", ticket.AdmittedFact{Ticket: seat}, events.TypeTicketAdmitted, seat.ID.String(), &events.TicketAdmitted{}},
		{"waiting list", waitlist.OfferedFact{Entry: entry}, events.TypeWaitlistOffered, entry.ID.String(), &events.WaitlistOffered{}},
		{"availability", inventory.ChangedFact{Partition: partition}, events.TypeAvailabilityChanged, partition.PerformanceID.String() + "/floor/3", &events.AvailabilityChanged{}},
	}
	told := map[string]bool{}
	trace := event.Trace{CorrelationID: id.New().String(), CausationID: id.New().String()}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := eventcodec.Encode(event.WithTrace(t.Context(), trace), tt.give, now)
			if err != nil {
				t.Fatal(err)
			}
			told[e.Type] = true
			if e.Type != tt.want || e.Subject != tt.subject || e.Source != events.Source || e.DataSchema != validator.SchemaID(tt.want) || !e.Time.Equal(now) {
				t.Errorf("envelope = %+v", e)
			}
			if e.CorrelationID != trace.CorrelationID || e.CausationID != trace.CausationID {
				t.Errorf("the trace was lost: %+v", e)
			}
			if err := validator.Validate(e.Type, e.Data); err != nil {
				t.Error(err)
			}
			if err := tt.into.UnmarshalJSON(e.Data); err != nil {
				t.Errorf("the generated type does not read %s: %v", e.Data, err)
			}
			if v, checks := tt.into.(interface{ Validate() error }); checks {
				if err := v.Validate(); err != nil {
					t.Errorf("the generated type refuses %s: %v", e.Data, err)
				}
			}
			encoded, err := e.MarshalCloudEvent()
			if err != nil {
				t.Fatal(err)
			}
			if read, err := event.ParseCloudEvent(encoded); err != nil || string(read.Data) != string(e.Data) || read.Subject != e.Subject {
				t.Errorf("the envelope does not survive: %+v, %v", read, err)
			}
		})
	}
	for _, eventType := range validator.Types() {
		if strings.HasPrefix(eventType, "ticketmesh.tickets.") && !told[eventType] {
			t.Errorf("no fact becomes %s", eventType)
		}
	}
}

func TestConfirmedTellsWhatAMailNeeds(t *testing.T) {
	t.Parallel()
	ordered, seat, place := sampleOrder(), sampleTicket(), standing()
	fact := order.ConfirmedFact{Order: ordered, Tickets: []order.IssuedTicket{{Ticket: seat, Code: "a.b.c"}, {Ticket: place, Code: "d.e.f"}}}
	e, err := eventcodec.Encode(t.Context(), fact, now)
	if err != nil {
		t.Fatal(err)
	}
	var told events.OrderConfirmed
	if err := told.UnmarshalJSON(e.Data); err != nil {
		t.Fatal(err)
	}
	if told.Recipient.Email != "anna@example.com" || told.Recipient.CustomerID != "anna" || told.Recipient.Language != "de-AT" ||
		told.Code != ordered.Code || told.Total.Amount != 10350 || told.OrganizerID != "olga" || !told.ConfirmedAt.Equal(now) || told.Version != 2 {
		t.Errorf("told %+v", told)
	}
	if len(told.Tickets) != 2 || told.Tickets[0].Code != "a.b.c" || told.Tickets[0].Seat.Value != "Ä-1" || told.Tickets[1].Seat.Set || told.Tickets[1].Price.Amount != 4200 ||
		told.Tickets[0].Tier.Value != "früh" || told.Tickets[0].Concession.Value != "学生" {
		t.Errorf("tickets %+v", told.Tickets)
	}
	wantFees := []events.ChargedFee{{ID: "service", Name: "Gebühr", Amount: events.Money{Amount: 450, Currency: "EUR"}}}
	wantTax := events.ChargedTax{Name: "VAT", Percent: "7.75", Included: true, Amount: events.Money{Amount: 744, Currency: "EUR"}}
	if !slices.Equal(told.Fees, wantFees) || told.Tax.Value != wantTax {
		t.Errorf("fees %+v, tax %+v", told.Fees, told.Tax)
	}
	if !strings.Contains(string(e.Data), `"confirmedAt":"2027-03-01T12:00:00.007Z"`) {
		t.Errorf("times have not three decimals: %s", e.Data)
	}
}

func TestAvailabilityIsThatOfTheClock(t *testing.T) {
	t.Parallel()
	p := inventory.New(inventory.Key{PerformanceID: id.New(), AreaID: "floor"}, 10)
	if err := p.Take(id.New(), 0b111, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := p.Sell(id.New(), 0b11000, now); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time][4]int{now: {10, 5, 3, 2}, now.Add(time.Minute): {10, 8, 0, 2}} {
		e, err := eventcodec.Encode(t.Context(), inventory.ChangedFact{Partition: p}, at)
		if err != nil {
			t.Fatal(err)
		}
		var told events.AvailabilityChanged
		if err := told.UnmarshalJSON(e.Data); err != nil {
			t.Fatal(err)
		}
		if got := [4]int{told.Capacity, told.Available, told.Held, told.Sold}; got != want || told.Version != 3 {
			t.Errorf("at %s: capacity, available, held, sold = %v at version %d, want %v at 3", at, got, told.Version, want)
		}
	}
}

func TestAHolderKnownByAddressAloneHasASteadyID(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, email := range []string{"Ben@example.com", "ben@EXAMPLE.com"} {
		k := sampleTicket()
		k.Holder = ticket.Holder{Email: email, Language: "en"}
		e, err := eventcodec.Encode(t.Context(), ticket.TransferredFact{Ticket: k, From: ticket.Holder{CustomerID: "anna", Email: "anna@example.com", Language: "en"}, Code: "a.b.c"}, now)
		if err != nil {
			t.Fatal(err)
		}
		var told events.TicketTransferred
		if err := told.UnmarshalJSON(e.Data); err != nil {
			t.Fatal(err)
		}
		if told.To.Email != email || told.From.CustomerID != "anna" || strings.Contains(strings.ToLower(told.To.CustomerID), "ben") {
			t.Errorf("told %+v to %+v", told.From, told.To)
		}
		ids[told.To.CustomerID] = true
	}
	if len(ids) != 1 {
		t.Errorf("one address has the ids %v", ids)
	}
}

func TestFactsThatBreakTheirContractAreRefused(t *testing.T) {
	t.Parallel()
	noItems, noVersion, currency := sampleHold(), sampleTicket(), sampleOrder()
	noItems.Items = nil
	noVersion.Version = 0
	currency.Total.Currency = "euro"
	address := sampleOrder()
	address.Email = "nobody"
	tests := []struct {
		name         string
		give         any
		wantContract bool
	}{
		{"a hold of nothing", hold.PlacedFact{Hold: noItems}, true},
		{"an unknown reason", hold.ReleasedFact{Hold: sampleHold(), Reason: "bored"}, true},
		{"version 0", ticket.AdmittedFact{Ticket: noVersion}, true},
		{"no such currency", order.PlacedFact{Order: currency}, true},
		{"no address", order.DeclinedFact{Order: address}, true},
		{"no code", ticket.TransferredFact{Ticket: sampleTicket(), From: sampleTicket().Holder}, true},
		{"no fact of selling", struct{}{}, false},
		{"nothing", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := eventcodec.Encode(t.Context(), tt.give, now)
			if err == nil || errors.Is(err, eventcodec.ErrBreaksContract) != tt.wantContract {
				t.Errorf("Encode() = %s, %v, want ErrBreaksContract %t", e.Data, err, tt.wantContract)
			}
		})
	}
}

func BenchmarkEncodeOrderConfirmed(b *testing.B) {
	fact := order.ConfirmedFact{Order: sampleOrder(), Tickets: []order.IssuedTicket{{Ticket: sampleTicket(), Code: "a.b.c"}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eventcodec.Encode(b.Context(), fact, now); err != nil {
			b.Fatal(err)
		}
	}
}

// withUnknown adds members that no consumer knows, on every level.
func withUnknown(t testing.TB, text []byte) []byte {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	var grow func(any)
	grow = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for _, member := range v {
				grow(member)
			}
			v["addedLater"] = map[string]any{"deep": []any{1, "x", nil}}
		case []any:
			for _, member := range v {
				grow(member)
			}
		}
	}
	grow(value)
	grown, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return grown
}
