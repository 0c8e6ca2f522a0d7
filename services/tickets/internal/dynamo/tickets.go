package dynamo

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

const ticketsKind = "tickets#"

// groupKey is the item that a ticket is in, with all whose ids differ in the last
// byte alone: the tickets of an order are paid for as one item. Gates that admit
// two of them at once meet there, and one of them tries again.
func groupKey(ticketID id.ID) dynamo.Key {
	return dynamo.Key{PK: ticketsKind + hex.EncodeToString(ticketID[:15]), SK: alone}
}

// ticketRow is a ticket beside what its group has in common.
type ticketRow struct {
	ID            id.ID         `json:"id"`
	AreaID        string        `json:"area"`
	Seat          string        `json:"seat,omitempty"`
	Partition     int           `json:"partition,omitempty"`
	Slot          int           `json:"slot,omitempty"`
	PriceCategory string        `json:"category"`
	Tier          string        `json:"tier,omitempty"`
	Concession    string        `json:"concession,omitempty"`
	Price         int64         `json:"price"`
	Refund        int64         `json:"refund"`
	Currency      string        `json:"currency"`
	Status        ticket.Status `json:"status"`
	CustomerID    string        `json:"customer,omitempty"`
	Email         string        `json:"email"`
	Language      string        `json:"language"`
	Transferred   bool          `json:"transferred,omitempty"`
	Issue         int           `json:"issue"`
	AdmittedAt    int64         `json:"admitted,omitempty"`
	Gate          string        `json:"gate,omitempty"`
	ScanID        string        `json:"scan,omitempty"`
	Version       int           `json:"version"`
}

type groupRow struct {
	OrderID       id.ID       `json:"order"`
	PerformanceID id.ID       `json:"performance"`
	Tickets       []ticketRow `json:"tickets"`
}

// group is what an item of tickets has, by ascending id.
type group struct {
	tickets []ticket.Ticket
	changed bool
}

func (g *group) find(ticketID id.ID) (int, bool) {
	return slices.BinarySearchFunc(g.tickets, ticketID, func(t ticket.Ticket, v id.ID) int { return compareIDs(t.ID, v) })
}

func groupItem(key dynamo.Key, g *group) (dynamo.Item, error) {
	of := g.tickets[0]
	row := groupRow{OrderID: of.OrderID, PerformanceID: of.PerformanceID}
	for _, t := range g.tickets {
		row.Tickets = append(row.Tickets, ticketRow{
			ID: t.ID, AreaID: t.AreaID, Seat: t.Seat, Partition: t.Place.Partition, Slot: t.Place.Slot, PriceCategory: t.PriceCategory,
			Tier: t.Tier, Concession: t.Concession, Price: t.Price.Amount, Refund: t.Refund.Amount, Currency: t.Price.Currency, Status: t.Status,
			CustomerID: t.Holder.CustomerID, Email: t.Holder.Email, Language: t.Holder.Language, Transferred: t.Transferred, Issue: t.Issue,
			AdmittedAt: itemcodec.Millis(t.Admission.At), Gate: t.Admission.Gate, ScanID: t.Admission.ScanID, Version: t.Version,
		})
	}
	item := dynamo.Item{Key: key, Keys: map[string]string{attrShow: sharded(of.PerformanceID.String(), int(of.ID[14])%shards)}}
	var err error
	item.Document, err = pack(row)
	return item, err
}

func readGroup(item dynamo.Item) ([]ticket.Ticket, error) {
	var row groupRow
	if err := read(item, &row); err != nil {
		return nil, err
	}
	tickets := make([]ticket.Ticket, len(row.Tickets))
	for i, r := range row.Tickets {
		tickets[i] = ticket.Ticket{
			ID: r.ID, OrderID: row.OrderID, PerformanceID: row.PerformanceID, AreaID: r.AreaID, Seat: r.Seat,
			Place: inventory.Place{Partition: r.Partition, Slot: r.Slot}, PriceCategory: r.PriceCategory, Tier: r.Tier, Concession: r.Concession,
			Price: money.Money{Amount: r.Price, Currency: r.Currency}, Refund: money.Money{Amount: r.Refund, Currency: r.Currency},
			Status: r.Status, Holder: ticket.Holder{CustomerID: r.CustomerID, Email: r.Email, Language: r.Language}, Transferred: r.Transferred,
			Issue: r.Issue, Admission: ticket.Admission{At: itemcodec.Instant(r.AdmittedAt), Gate: r.Gate, ScanID: r.ScanID}, Version: r.Version,
		}
	}
	return tickets, nil
}

// group returns the group of a ticket as this unit left it. It is read and written
// as an item once, however many of its tickets change.
func (t *transaction) group(ticketID id.ID) (*group, error) {
	key := groupKey(ticketID)
	if known := t.groups[key]; known != nil {
		return known, nil
	}
	g := &group{}
	item, err := t.Get(key)
	if err == nil {
		g.tickets, err = readGroup(item)
	} else if errors.Is(err, dynamo.ErrNotFound) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	t.groups[key] = g
	return g, nil
}

// Ticket implements app.Tx.
func (t *transaction) Ticket(ticketID id.ID) (ticket.Ticket, error) {
	g, err := t.group(ticketID)
	if err != nil {
		return ticket.Ticket{}, err
	}
	at, there := g.find(ticketID)
	if !there {
		return ticket.Ticket{}, ticket.ErrNotFound
	}
	return g.tickets[at], nil
}

// PutTicket implements app.Tx.
func (t *transaction) PutTicket(k ticket.Ticket) error {
	g, err := t.group(k.ID)
	if err != nil {
		return err
	}
	if len(g.tickets) > 0 && g.tickets[0].OrderID != k.OrderID {
		return fmt.Errorf("ticket %s of order %s has an id of order %s", k.ID, k.OrderID, g.tickets[0].OrderID)
	}
	at, there := g.find(k.ID)
	if there {
		g.tickets[at] = k
	} else {
		g.tickets = slices.Insert(g.tickets, at, k)
	}
	g.changed = true
	return nil
}

// putGroups writes what PutTicket changed.
func (t *transaction) putGroups() error {
	keys := make([]dynamo.Key, 0, len(t.groups))
	for key, g := range t.groups {
		if g.changed {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b dynamo.Key) int { return cmp.Compare(a.PK, b.PK) })
	for _, key := range keys {
		item, err := groupItem(key, t.groups[key])
		if err != nil {
			return err
		}
		t.Put(item)
	}
	return nil
}

// Ticket implements app.Store.
func (s *Store) Ticket(ctx context.Context, ticketID id.ID) (ticket.Ticket, error) {
	item, err := s.table.Get(ctx, groupKey(ticketID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return ticket.Ticket{}, ticket.ErrNotFound
	}
	if err != nil {
		return ticket.Ticket{}, err
	}
	tickets, err := readGroup(item)
	if err != nil {
		return ticket.Ticket{}, err
	}
	g := group{tickets: tickets}
	if at, there := g.find(ticketID); there {
		return tickets[at], nil
	}
	return ticket.Ticket{}, ticket.ErrNotFound
}

// TicketsByOrder implements app.Store.
func (s *Store) TicketsByOrder(ctx context.Context, orderID id.ID) ([]ticket.Ticket, error) {
	_, tickets, err := s.Order(ctx, orderID)
	return tickets, err
}

// ticketsOf returns the tickets of an order in its order; found has groups that
// were read already.
func (s *Store) ticketsOf(ctx context.Context, o order.Order, found map[dynamo.Key]dynamo.Item) ([]ticket.Ticket, error) {
	var missing []dynamo.Key
	for _, ticketID := range o.TicketIDs {
		if _, there := found[groupKey(ticketID)]; !there {
			missing = append(missing, groupKey(ticketID))
		}
	}
	more, err := s.table.GetAll(ctx, missing)
	if err != nil {
		return nil, err
	}
	byID := map[id.ID]ticket.Ticket{}
	for _, items := range []map[dynamo.Key]dynamo.Item{found, more} {
		for key, item := range items {
			if !strings.HasPrefix(key.PK, ticketsKind) {
				continue
			}
			tickets, err := readGroup(item)
			if err != nil {
				return nil, err
			}
			for _, t := range tickets {
				byID[t.ID] = t
			}
		}
	}
	tickets := make([]ticket.Ticket, len(o.TicketIDs))
	for i, ticketID := range o.TicketIDs {
		t, there := byID[ticketID]
		if !there {
			return nil, fmt.Errorf("order %s: %w", o.ID, ticket.ErrNotFound)
		}
		tickets[i] = t
	}
	return tickets, nil
}

// groupsBatch is how many groups are read in one request.
const groupsBatch = 100

// TicketsByPerformance implements app.Store. It goes on in the group of the page's
// cursor, which may have more.
func (s *Store) TicketsByPerformance(ctx context.Context, performanceID id.ID, page app.Page) ([]ticket.Ticket, error) {
	entries, err := s.fromShards(ctx, func(shard int) dynamo.Query {
		return dynamo.Query{
			Index: byPerformance, PK: sharded(performanceID.String(), shard), From: groupKey(page.After).PK, To: ticketsKind + "~", Limit: page.Limit + 1,
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b dynamo.Item) int { return cmp.Compare(a.Key.PK, b.Key.PK) })
	var tickets []ticket.Ticket
	for batch := range slices.Chunk(entries, groupsBatch) {
		items, err := s.all(ctx, keysOf(batch))
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			of, err := readGroup(item)
			if err != nil {
				return nil, err
			}
			for _, t := range of {
				if compareIDs(t.ID, page.After) > 0 {
					tickets = append(tickets, t)
				}
			}
		}
		if len(tickets) >= page.Limit {
			return tickets[:page.Limit], nil
		}
	}
	return tickets, nil
}
