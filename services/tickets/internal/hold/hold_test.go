package hold_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func newHold() hold.Hold {
	return hold.Hold{ID: id.New(), Status: hold.Active, PlacedAt: start, ExpiresAt: start.Add(hold.Period), Version: 1}
}

func TestLiveComparesTheClock(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status hold.Status
		at     time.Duration
		want   error
	}{
		{"at once", hold.Active, 0, nil},
		{"a millisecond before the end", hold.Active, hold.Period - time.Millisecond, nil},
		{"at the end", hold.Active, hold.Period, hold.ErrExpired},
		{"used", hold.Used, 0, hold.ErrUsed},
		{"used, and long past", hold.Used, time.Hour, hold.ErrUsed},
		{"released", hold.Released, 0, hold.ErrExpired},
		{"expired", hold.Expired, 0, hold.ErrExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHold()
			h.Status = tt.status
			if err := h.Live(start.Add(tt.at)); !errors.Is(err, tt.want) {
				t.Errorf("Live() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestExtendStartsAnewUpToTheCap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		at     []time.Duration
		want   time.Duration
		wantOK bool
	}{
		{"once", []time.Duration{time.Minute}, 11 * time.Minute, true},
		{"again and again", []time.Duration{9 * time.Minute, 18 * time.Minute}, 28 * time.Minute, true},
		{"at the cap", []time.Duration{9 * time.Minute, 18 * time.Minute, 27 * time.Minute}, hold.Cap, true},
		{"at once", []time.Duration{0}, hold.Period, true},
		{"when it is over", []time.Duration{hold.Period}, hold.Period, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHold()
			var err error
			for _, at := range tt.at {
				err = h.Extend(start.Add(at))
			}
			if want := start.Add(tt.want); !h.ExpiresAt.Equal(want) || (err == nil) != tt.wantOK {
				t.Errorf("expires at %s, error %v, want %s", h.ExpiresAt, err, want)
			}
		})
	}
}

func TestAnOfferIsNotShortenedByExtending(t *testing.T) {
	t.Parallel()
	h := newHold()
	h.ExpiresAt = start.Add(hold.OfferPeriod)
	if err := h.Extend(start.Add(time.Minute)); err != nil || !h.ExpiresAt.Equal(start.Add(hold.OfferPeriod)) {
		t.Errorf("Extend() = %v, expires at %s", err, h.ExpiresAt)
	}
}

// taken reports whether an order has a hold of the status.
func taken(status hold.Status) bool { return status == hold.Used || status == hold.Awaiting }

// TestHoldsMoveAsTheModel walks through all histories of a hold.
func TestHoldsMoveAsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h, now, first, second := newHold(), start, id.New(), id.New()
		status, owner := hold.Active, id.Nil
		live := func() bool { return status == hold.Active && h.ExpiresAt.After(now) }
		t.Repeat(map[string]func(*rapid.T){
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
			},
			"extend": func(t *rapid.T) {
				before, was := h, live()
				err := h.Extend(now)
				if (err == nil) != was {
					t.Fatalf("Extend() = %v, live %t", err, was)
				}
				if h.ExpiresAt.Before(before.ExpiresAt) || h.ExpiresAt.After(h.PlacedAt.Add(hold.Cap)) {
					t.Fatalf("extended from %s to %s", before.ExpiresAt, h.ExpiresAt)
				}
			},
			"use": func(t *rapid.T) {
				by, was := rapid.SampledFrom([]id.ID{first, second}).Draw(t, "order"), live()
				if err := h.Use(by, now); (err == nil) != was {
					t.Fatalf("Use() = %v, live %t", err, was)
				}
				if was {
					status, owner = hold.Used, by
				}
			},
			"reopen": func(t *rapid.T) {
				by := rapid.SampledFrom([]id.ID{first, second}).Draw(t, "order")
				h.Reopen(by)
				if taken(status) && owner == by {
					status, owner = hold.Active, id.Nil
				}
			},
			"await": func(t *rapid.T) {
				by := rapid.SampledFrom([]id.ID{first, second}).Draw(t, "order")
				h.Await(by)
				if status == hold.Used && owner == by {
					status = hold.Awaiting
				}
			},
			"settle": func(t *rapid.T) {
				by := rapid.SampledFrom([]id.ID{first, second}).Draw(t, "order")
				want := status == hold.Active || status == hold.Awaiting
				if got := h.Settle(by); got != want {
					t.Fatalf("Settle() = %t in %s", got, status)
				}
				if want {
					status, owner = hold.Used, by
				}
			},
			"release": func(t *rapid.T) {
				changed, err := h.Release()
				if changed != (status == hold.Active) || (err != nil) != taken(status) {
					t.Fatalf("Release() = %t, %v in %s", changed, err, status)
				}
				if changed {
					status = hold.Released
				}
			},
			"expire": func(t *rapid.T) {
				want := (status == hold.Active || status == hold.Awaiting) && !h.ExpiresAt.After(now)
				if got := h.Expire(now); got != want {
					t.Fatalf("Expire() = %t, want %t", got, want)
				}
				if want {
					status = hold.Expired
				}
			},
			"": func(t *rapid.T) {
				if h.Status != status || h.OrderID != owner || (h.Live(now) == nil) != live() {
					t.Fatalf("hold is %s of %s, want %s of %s", h.Status, h.OrderID, status, owner)
				}
			},
		})
	})
}

func TestVersionMovesWithEveryChangeAndNoOther(t *testing.T) {
	t.Parallel()
	h := newHold()
	steps := []struct {
		name string
		do   func()
		want int
	}{
		{"extend", func() { _ = h.Extend(start.Add(time.Minute)) }, 2},
		{"use", func() { _ = h.Use(id.New(), start) }, 3},
		{"use again", func() { _ = h.Use(id.New(), start) }, 3},
		{"reopen for another order", func() { h.Reopen(id.New()) }, 3},
		{"reopen", func() { h.Reopen(h.OrderID) }, 4},
		{"expire before its time", func() { h.Expire(start) }, 4},
		{"release", func() { _, _ = h.Release() }, 5},
		{"release again", func() { _, _ = h.Release() }, 5},
		{"expire what was released", func() { h.Expire(start.Add(time.Hour)) }, 5},
	}
	for _, step := range steps {
		if step.do(); h.Version != step.want {
			t.Errorf("after %s the version is %d, want %d", step.name, h.Version, step.want)
		}
	}
}

func TestItemsKnowTheirPlaces(t *testing.T) {
	t.Parallel()
	item := hold.Item{AreaID: "a", Places: []inventory.Place{{Partition: 0, Slot: 63}, {Partition: 2, Slot: 0}, {Partition: 0, Slot: 1}}}
	want := map[int]inventory.Slots{0: 1<<63 | 1<<1, 2: 1}
	if got := item.Claims(); !maps.Equal(got, want) {
		t.Errorf("Claims() = %v, want %v", got, want)
	}
	h := hold.Hold{Items: []hold.Item{item, {AreaID: "b", Places: []inventory.Place{{}}}}}
	if item.Quantity() != 3 || h.Quantity() != 4 {
		t.Errorf("quantities %d and %d, want 3 and 4", item.Quantity(), h.Quantity())
	}
}

func TestASplitItemHasEachPlaceOnce(t *testing.T) {
	t.Parallel()
	seated := hold.Item{AreaID: "a", Seats: []string{"1", "2", "3"}, Places: []inventory.Place{{Slot: 0}, {Slot: 1}, {Slot: 2}}}
	first, rest := seated.Split(2)
	first.Seats, first.Places = append(first.Seats, "x"), append(first.Places, inventory.Place{Slot: 9}) // reaches no other
	if !slices.Equal(first.Seats, []string{"1", "2", "x"}) || !slices.Equal(rest.Seats, []string{"3"}) || rest.Places[0].Slot != 2 || first.AreaID != "a" || rest.AreaID != "a" {
		t.Errorf("first %+v, rest %+v", first, rest)
	}
	general := hold.Item{Places: []inventory.Place{{Slot: 0}, {Slot: 1}}}
	if first, rest := general.Split(2); first.Quantity() != 2 || rest.Quantity() != 0 || first.Seats != nil {
		t.Errorf("first %+v, rest %+v", first, rest)
	}
}
