package message

// Preferences says which mails a customer wants.
type Preferences struct {
	Tickets  bool
	Payments bool
	Changes  bool
	Waitlist bool
}

// AllWanted is what holds for a customer who said nothing.
func AllWanted() Preferences {
	return Preferences{Tickets: true, Payments: true, Changes: true, Waitlist: true}
}

// Wants says whether the customer wants mails of a category.
func (p Preferences) Wants(c Category) bool {
	if field := p.field(c); field != nil {
		return *field
	}
	return true
}

// Without returns the preferences with a category turned off.
func (p Preferences) Without(c Category) Preferences {
	if field := p.field(c); field != nil {
		*field = false
	}
	return p
}

func (p *Preferences) field(c Category) *bool {
	switch c {
	case Tickets:
		return &p.Tickets
	case Payments:
		return &p.Payments
	case Changes:
		return &p.Changes
	case Waitlist:
		return &p.Waitlist
	}
	return nil
}

// Subscription is what an unsubscribe token stands for.
type Subscription struct {
	CustomerID string
	Category   Category
	Language   string // of the mail that first carried the token
}
