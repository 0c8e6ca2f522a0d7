package message

// Template names what a message says.
type Template string

// The templates. Their names are part of the API and of events: they don't change.
const (
	OrderConfirmed         Template = "order-confirmed"
	OrderDeclined          Template = "order-declined"
	OrderCancelled         Template = "order-cancelled"
	OrderRefunded          Template = "order-refunded"
	TicketReceived         Template = "ticket-received"
	TicketTransferred      Template = "ticket-transferred"
	WaitlistOffered        Template = "waitlist-offered"
	PerformanceRescheduled Template = "performance-rescheduled"
	PerformanceCancelled   Template = "performance-cancelled"
)

// Templates lists all of them.
func Templates() []Template {
	return []Template{
		OrderConfirmed, OrderDeclined, OrderCancelled, OrderRefunded, TicketReceived, TicketTransferred, WaitlistOffered,
		PerformanceRescheduled, PerformanceCancelled,
	}
}

// Category is what a customer can turn off.
type Category string

// The categories.
const (
	Tickets  Category = "tickets"
	Payments Category = "payments"
	Changes  Category = "changes"
	Waitlist Category = "waitlist"
)

// Category returns the category of a template's messages.
func (t Template) Category() Category {
	switch t {
	case OrderDeclined, OrderCancelled, OrderRefunded:
		return Payments
	case WaitlistOffered:
		return Waitlist
	case PerformanceRescheduled, PerformanceCancelled:
		return Changes
	default:
		return Tickets
	}
}

// Transactional says whether the messages answer something that the recipient just did or was given: they carry a link
// to the preferences, but do not invite mail programs to unsubscribe.
func (t Template) Transactional() bool {
	c := t.Category()
	return c == Tickets || c == Payments
}
