package app

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// Scan is a code read at a gate.
type Scan struct {
	Code      string
	Gate      string
	ScannedAt time.Time // by the gate's clock; zero: now
	ScanID    string
}

// CheckIn admits a ticket, once. Errors: ticket.ErrInvalidCode, ticket.ErrVoid,
// *ticket.AlreadyAdmittedError, ErrForbidden. The ticket comes back with an
// error too, when the code named one.
func (s *Selling) CheckIn(ctx context.Context, caller Caller, scan Scan) (ticket.Ticket, error) {
	code, err := s.codes.Verify(ctx, scan.Code)
	if err != nil {
		return ticket.Ticket{}, err
	}
	var admitted ticket.Ticket
	err = s.store.Update(ctx, func(tx Tx) error {
		found, err := tx.Ticket(code.TicketID)
		if errors.Is(err, ticket.ErrNotFound) {
			return ticket.ErrInvalidCode
		}
		if err != nil {
			return err
		}
		if !caller.in("gate") && !caller.in("admin") {
			show, err := tx.Performance(found.PerformanceID)
			if err != nil {
				return err
			}
			if !caller.admits(show.OrganizerID) {
				return ErrForbidden
			}
		}
		now := s.clock.Now()
		at := scan.ScannedAt.UTC()
		if at.After(now) || at.Before(now.AddDate(-1, 0, 0)) { // a gate's clock may be wrong: it can't know the future, and isn't offline for a year
			at = now
		}
		replayed, err := found.Admit(code.Issue, ticket.Admission{At: at, Gate: scan.Gate, ScanID: scan.ScanID})
		admitted = found
		if err != nil || replayed {
			return err
		}
		if err := tx.PutTicket(found); err != nil {
			return err
		}
		return tx.Record(ticket.AdmittedFact{Ticket: found})
	})
	return admitted, err
}

// MayAdmit returns ErrForbidden for a caller who may admit nowhere.
func (c Caller) MayAdmit() error {
	if c.in("gate") || c.in("admin") || c.in("organizer") {
		return nil
	}
	return ErrForbidden
}

// GateTicket is a ticket with the codes that are good and, of one that was given
// away or is void, those that are dead. Each is there as often as there are keys.
type GateTicket struct {
	Ticket  ticket.Ticket
	Codes   []string
	Revoked []string
}

// GatePack returns all tickets of a performance for a gate that goes offline.
func (s *Selling) GatePack(ctx context.Context, caller Caller, performanceID id.ID) ([]GateTicket, error) {
	show, err := s.store.Performance(ctx, performanceID)
	if err != nil {
		return nil, err
	}
	if !caller.admits(show.OrganizerID) {
		return nil, ErrForbidden
	}
	const batch = 1000
	var pack []GateTicket
	for page := (Page{Limit: batch}); ; {
		tickets, err := s.store.TicketsByPerformance(ctx, performanceID, page)
		if err != nil {
			return nil, err
		}
		for _, found := range tickets {
			packed, err := s.packed(ctx, found)
			if err != nil {
				return nil, err
			}
			pack = append(pack, packed)
		}
		if len(tickets) < batch {
			return pack, nil
		}
		page.After = tickets[len(tickets)-1].ID
	}
}

func (s *Selling) packed(ctx context.Context, found ticket.Ticket) (GateTicket, error) {
	packed := GateTicket{Ticket: found}
	for issue := 1; issue <= found.Issue; issue++ {
		texts, err := s.codes.Texts(ctx, ticket.Code{TicketID: found.ID, PerformanceID: found.PerformanceID, Issue: issue})
		if err != nil {
			return GateTicket{}, err
		}
		if issue == found.Issue && found.Status != ticket.Void {
			packed.Codes = texts
			continue
		}
		packed.Revoked = append(packed.Revoked, texts...)
	}
	return packed, nil
}

// Seats is a performance and the state of all its partitions at one instant.
type Seats struct {
	Performance *performance.Performance
	At          time.Time
	partitions  map[inventory.Key]inventory.Partition
}

// Seats returns the state of every place.
func (s *Selling) Seats(ctx context.Context, performanceID id.ID) (Seats, error) {
	show, err := s.store.Performance(ctx, performanceID)
	if err != nil {
		return Seats{}, err
	}
	partitions, err := s.store.Partitions(ctx, performanceID)
	if err != nil {
		return Seats{}, err
	}
	seats := Seats{Performance: show, At: s.clock.Now(), partitions: make(map[inventory.Key]inventory.Partition, len(partitions))}
	for _, partition := range partitions {
		seats.partitions[partition.Key] = partition
	}
	return seats, nil
}

// Partition returns a partition's state; of one that nobody touched, free but for
// what is kept.
func (s Seats) Partition(area *seatmap.AreaLayout, number int) inventory.Partition {
	key := inventory.Key{PerformanceID: s.Performance.ID, AreaID: area.ID, Number: number}
	if partition, known := s.partitions[key]; known {
		partition.Kept = area.Kept(number)
		return partition
	}
	fresh := inventory.New(key, area.PartitionCapacity(number))
	fresh.Kept = area.Kept(number)
	return fresh
}
