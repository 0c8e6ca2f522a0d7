// Package inventory holds what is free, held and sold, in partitions of at most
// 64 places. A partition is the unit of consistency: whoever changes it changes
// it whole. It knows places by slot and nothing of seats, customers or money.
package inventory

import (
	"errors"
	"math/bits"
	"time"

	"ticketmesh.dev/platform/id"
)

// MaxPlaces is how many places one partition has at most. With 64 a set of
// places is one machine word, and the item of a partition stays near the 1 KiB
// that one DynamoDB write unit covers.
const MaxPlaces = 64

// Place is one place of an area: a slot of one of its partitions.
type Place struct {
	Partition int
	Slot      int
}

// Slots is a set of places of one partition: bit n is slot n.
type Slots uint64

// First is the set of the n lowest slots.
func First(n int) Slots {
	if n >= MaxPlaces {
		return ^Slots(0)
	}
	return Slots(1)<<n - 1
}

// Count returns how many places are in the set.
func (s Slots) Count() int { return bits.OnesCount64(uint64(s)) }

// Each calls fn with every slot of the set, from the lowest.
func (s Slots) Each(fn func(slot int)) {
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		fn(bits.TrailingZeros64(rest))
	}
}

// ErrTaken reports that not all of the places asked for are free.
var ErrTaken = errors.New("places are taken")

// Key names a partition.
type Key struct {
	PerformanceID id.ID
	AreaID        string
	Number        int
}

// Claim is the part of a hold that lies in one partition.
type Claim struct {
	HoldID id.ID
	Slots  Slots
	Until  time.Time // free again from this instant
}

// Partition is the state of up to 64 places. Version counts its changes from 1.
type Partition struct {
	Key
	Capacity int
	Sold     Slots
	Closed   Slots   // not for sale: the seat map has them no more; none is sold
	Claims   []Claim // no two share a slot, and none has a sold or a closed one
	// Kept are the places that only some channel sells: others see them as held.
	// Who reads a partition to change it sets what is so by then.
	Kept    Slots
	Version int
}

// New returns a partition that is free.
func New(key Key, capacity int) Partition {
	return Partition{Key: key, Capacity: capacity, Version: 1}
}

// All returns every place of the partition.
func (p *Partition) All() Slots { return First(p.Capacity) }

// Held returns the places with a live claim.
func (p *Partition) Held(now time.Time) Slots {
	var held Slots
	for _, claim := range p.Claims {
		if claim.Until.After(now) {
			held |= claim.Slots
		}
	}
	return held
}

// Free returns the places that are neither sold, nor closed, nor held. A claim that has
// expired does not count, whether or not somebody has cleared it away.
func (p *Partition) Free(now time.Time) Slots {
	return p.All() &^ p.Sold &^ p.Closed &^ p.Held(now)
}

// Available returns the places that everybody may hold.
func (p *Partition) Available(now time.Time) Slots { return p.Free(now) &^ p.Kept }

// Keep says which places only some channel sells from now on and reports whether
// that is news.
func (p *Partition) Keep(slots Slots) bool {
	if p.Kept == slots {
		return false
	}
	p.Kept = slots
	p.Version++
	return true
}

// NextExpiry returns when the first claim expires, or the zero time without one.
func (p *Partition) NextExpiry() time.Time {
	var next time.Time
	for _, claim := range p.Claims {
		if next.IsZero() || claim.Until.Before(next) {
			next = claim.Until
		}
	}
	return next
}

// Take claims the slots for the hold, all of them or, with ErrTaken, none.
func (p *Partition) Take(holdID id.ID, slots Slots, now, until time.Time) error {
	p.sweep(now)
	if slots == 0 || slots&^p.Free(now) != 0 {
		return ErrTaken
	}
	p.Claims = append(p.Claims, Claim{HoldID: holdID, Slots: slots, Until: until})
	p.Version++
	return nil
}

// Extend moves the expiry of the hold's claim. A claim that has expired is
// ErrTaken: its places may be somebody else's next.
func (p *Partition) Extend(holdID id.ID, now, until time.Time) error {
	for i := range p.Claims {
		if p.Claims[i].HoldID == holdID && p.Claims[i].Until.After(now) {
			p.Claims[i].Until = until
			p.Version++
			return nil
		}
	}
	return ErrTaken
}

// Release gives the hold's places back and returns them; none when the hold has
// no claim here, so it may be repeated.
func (p *Partition) Release(holdID id.ID, now time.Time) Slots {
	var freed Slots
	kept := p.Claims[:0]
	for _, claim := range p.Claims {
		if claim.HoldID == holdID {
			freed |= claim.Slots
			continue
		}
		kept = append(kept, claim)
	}
	p.Claims = kept
	if freed != 0 {
		p.sweep(now)
		p.Version++
	}
	return freed
}

// Sell turns the hold's places into sold ones. They need not be claimed any
// more: after the claim expired they are taken again when all are still free,
// else it is ErrTaken and nothing changes.
func (p *Partition) Sell(holdID id.ID, slots Slots, now time.Time) error {
	var others Slots
	for _, claim := range p.Claims {
		if claim.HoldID != holdID && claim.Until.After(now) {
			others |= claim.Slots
		}
	}
	if slots == 0 || slots&^p.All() != 0 || slots&(p.Sold|p.Closed|others) != 0 {
		return ErrTaken
	}
	kept := p.Claims[:0]
	for _, claim := range p.Claims {
		if claim.HoldID == holdID {
			claim.Slots &^= slots
		}
		if claim.Slots != 0 {
			kept = append(kept, claim)
		}
	}
	p.Claims = kept
	p.Sold |= slots
	p.sweep(now)
	p.Version++
	return nil
}

// Return puts sold places back on sale. Places that are not sold are left alone.
func (p *Partition) Return(slots Slots) {
	if p.Sold&slots == 0 {
		return
	}
	p.Sold &^= slots
	p.Version++
}

// Sweep clears expired claims away and reports whether there were any.
func (p *Partition) Sweep(now time.Time) bool {
	if !p.sweep(now) {
		return false
	}
	p.Version++
	return true
}

func (p *Partition) sweep(now time.Time) bool {
	kept := p.Claims[:0]
	for _, claim := range p.Claims {
		if claim.Until.After(now) {
			kept = append(kept, claim)
		}
	}
	swept := len(kept) != len(p.Claims)
	p.Claims = kept
	return swept
}
