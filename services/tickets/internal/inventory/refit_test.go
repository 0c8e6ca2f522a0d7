package inventory_test

import (
	"errors"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

func TestAFenceKeepsPlacesFromBuyers(t *testing.T) {
	t.Parallel()
	change, until := id.New(), start.Add(30*time.Minute)
	p := newPartition(8)
	if err := p.Sell(id.New(), 0b1, start); err != nil {
		t.Fatal(err)
	}
	if err := p.Take(id.New(), 0b10, start, until); err != nil {
		t.Fatal(err)
	}
	if taken := p.Fence(change, 0b111, start, until); taken != 0b11 || p.FencedBy(change, start) != 0b100 {
		t.Errorf("taken = %b, fenced %b", taken, p.FencedBy(change, start))
	}
	if err := p.Take(id.New(), 0b100, start, until); !errors.Is(err, inventory.ErrTaken) {
		t.Errorf("Take() = %v", err)
	}
	if taken := p.Fence(change, 0b1100, start, until); taken != 0 || p.FencedBy(change, start) != 0b1100 {
		t.Errorf("again: taken = %b, fenced %b", taken, p.FencedBy(change, start))
	}
	if taken := p.Fence(id.New(), 0b1100, start, until); taken != 0b1100 {
		t.Errorf("another change: taken = %b", taken)
	}
	if p.FencedBy(change, until) != 0 || p.Free(until) != 0b1111_1110 {
		t.Errorf("later %b is fenced, %b free", p.FencedBy(change, until), p.Free(until))
	}
	version := p.Version
	if p.Fence(change, 0, start, until); p.FencedBy(change, start) != 0 || p.Version == version {
		t.Error("the fence is not taken down, or nobody would hear of it")
	}
}

func TestRefittingClosesWhatIsGone(t *testing.T) {
	t.Parallel()
	change, buyer, until := id.New(), id.New(), start.Add(30*time.Minute)
	p := newPartition(4)
	if err := p.Sell(id.New(), 0b1, start); err != nil {
		t.Fatal(err)
	}
	if err := p.Take(buyer, 0b10, start, until); err != nil {
		t.Fatal(err)
	}
	p.Fence(change, 0b100, start, until)
	if taken := p.Refit(6, 0b111, change, start); taken != 0b11 || p.Closed != 0b100 || p.Capacity != 6 || p.FencedBy(change, start) != 0 {
		t.Errorf("taken = %b: %+v", taken, p)
	}
	if p.Free(start) != 0b11_1000 {
		t.Errorf("free = %b", p.Free(start))
	}
	if err := p.Take(id.New(), 0b100, start, until); !errors.Is(err, inventory.ErrTaken) {
		t.Errorf("Take() of a closed place = %v", err)
	}
	if err := p.Sell(id.New(), 0b100, start); !errors.Is(err, inventory.ErrTaken) {
		t.Errorf("Sell() of a closed place = %v", err)
	}
	if err := p.Sell(buyer, 0b10, start); err != nil {
		t.Errorf("Sell() of what was held = %v", err)
	}
	if p.Refit(6, 0, change, start); p.Closed != 0 || p.Free(start) != 0b11_1100 {
		t.Errorf("opened again: %+v", p)
	}
}
