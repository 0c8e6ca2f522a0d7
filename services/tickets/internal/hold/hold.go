// Package hold is a set of places set aside for one customer until an expiry.
// It is over when the clock says so, whether or not anything has noticed.
package hold

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
)

const (
	// Period is how long a hold lasts from when it is placed or extended.
	Period = 10 * time.Minute
	// Cap is how long a hold lasts in all, however often it is extended.
	Cap = 30 * time.Minute
	// OfferPeriod is how long an offer from the waiting list lasts.
	OfferPeriod = 30 * time.Minute
	// MaxItems is how many items a hold may have.
	MaxItems = 100
	// MaxPartitions is how many partitions of inventory the places of a hold may lie
	// in. A store that commits at most 100 items at once has room for the others
	// that change with them.
	MaxPartitions = 80
)

var (
	// ErrNotFound reports a hold that does not exist or is somebody else's.
	ErrNotFound = errors.New("hold not found")
	// ErrExpired reports a hold that is over.
	ErrExpired = errors.New("hold has expired")
	// ErrUsed reports a hold that became an order.
	ErrUsed = errors.New("hold was used by an order")
)

// Status is what became of a hold.
type Status string

// The states of a hold. An active one may have expired all the same: ask Live.
const (
	Active   Status = "active"
	Used     Status = "used"     // an order has it
	Awaiting Status = "awaiting" // an order has it whose payment is outstanding; it expires all the same
	Released Status = "released" // given up
	Expired  Status = "expired"  // its expiry was seen and announced
)

// Item is what is held in one area.
type Item struct {
	AreaID        string
	Seats         []string // of a seated area, in step with Places
	Places        []inventory.Place
	PriceCategory string
	Tier          string // whose price it is, if any
	Concession    string // likewise
	UnitPrice     money.Money
	Refund        money.Money // what is given back for one place: its price and what fees are refundable
	Uses          []Use       // of the quotas that its places count in
}

// Quantity returns how many places the item has.
func (i Item) Quantity() int { return len(i.Places) }

// Split divides the item into its first n places and the rest.
func (i Item) Split(n int) (first, rest Item) {
	first, rest = i, i
	first.Places, rest.Places = i.Places[:n:n], i.Places[n:]
	if len(i.Seats) > 0 {
		first.Seats, rest.Seats = i.Seats[:n:n], i.Seats[n:]
	}
	first.Uses, rest.Uses = splitUses(i.Uses, n)
	return first, rest
}

// Claims returns the item's slots in each of its partitions.
func (i Item) Claims() map[int]inventory.Slots { return claims(i.Places) }

func claims(places []inventory.Place) map[int]inventory.Slots {
	claims := make(map[int]inventory.Slots, 1)
	for _, place := range places {
		claims[place.Partition] |= 1 << place.Slot
	}
	return claims
}

// Hold is places set aside. Version counts its changes from 1.
type Hold struct {
	ID            id.ID
	PerformanceID id.ID
	CustomerID    string
	Status        Status
	Items         []Item
	Extras        pricing.Extras // what is charged beside the prices
	Total         money.Money
	PlacedAt      time.Time
	ExpiresAt     time.Time
	OrderID       id.ID // of a used one
	EntryID       id.ID // the waiting-list entry that it was offered to, if any
	Sale          performance.Sale
	Version       int
}

// Live returns nil while the hold keeps its places for its customer, else
// ErrUsed or ErrExpired.
func (h *Hold) Live(now time.Time) error {
	switch {
	case h.Status == Used || h.Status == Awaiting:
		return ErrUsed
	case h.Status != Active || !h.ExpiresAt.After(now):
		return ErrExpired
	}
	return nil
}

// Quantity returns how many places are held in all.
func (h *Hold) Quantity() int {
	quantity := 0
	for _, item := range h.Items {
		quantity += item.Quantity()
	}
	return quantity
}

// Extend starts the period anew, up to the cap, and never shortens it.
func (h *Hold) Extend(now time.Time) error {
	if err := h.Live(now); err != nil {
		return err
	}
	until := now.Add(Period)
	if latest := h.PlacedAt.Add(Cap); until.After(latest) {
		until = latest
	}
	if until.After(h.ExpiresAt) {
		h.ExpiresAt = until
	}
	h.Version++
	return nil
}

// Use gives the hold to an order.
func (h *Hold) Use(orderID id.ID, now time.Time) error {
	if err := h.Live(now); err != nil {
		return err
	}
	h.Status, h.OrderID = Used, orderID
	h.Version++
	return nil
}

// Await says that the payment of the hold's order is outstanding. Its places go
// back on sale when the hold's time is up, and the order may still be paid: then
// it takes them again, if it can. It reports whether that is news.
func (h *Hold) Await(orderID id.ID) bool {
	if h.Status != Used || h.OrderID != orderID {
		return false
	}
	h.Status = Awaiting
	h.Version++
	return true
}

// Settle says that the hold's order is paid. A hold that the customer had got
// back is the order's again. It reports whether that is news.
func (h *Hold) Settle(orderID id.ID) bool {
	if h.Status != Active && h.Status != Awaiting {
		return false
	}
	h.Status, h.OrderID = Used, orderID
	h.Version++
	return true
}

// Reopen takes the hold back from an order that was declined, so that the
// customer can pay in another way until it expires.
func (h *Hold) Reopen(orderID id.ID) {
	if (h.Status == Used || h.Status == Awaiting) && h.OrderID == orderID {
		h.Status, h.OrderID = Active, id.Nil
		h.Version++
	}
}

// Release gives the hold up. Repeating it, or releasing what has expired,
// changes nothing; a used one is ErrUsed.
func (h *Hold) Release() (changed bool, err error) {
	switch h.Status {
	case Used, Awaiting:
		return false, ErrUsed
	case Active:
		h.Status = Released
		h.Version++
		return true, nil
	case Released, Expired:
		return false, nil
	}
	return false, nil
}

// Expire records that the hold's time has passed and reports whether that is news.
func (h *Hold) Expire(now time.Time) bool {
	if h.Status != Active && h.Status != Awaiting || h.ExpiresAt.After(now) {
		return false
	}
	h.Status = Expired
	h.Version++
	return true
}
