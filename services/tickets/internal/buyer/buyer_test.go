package buyer_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/performance"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func claim(quantity int) buyer.Claim {
	return buyer.Claim{HoldID: id.New(), Quantity: quantity, Until: start.Add(10 * time.Minute)}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limits := performance.Limits{PerOrder: 4, PerCustomer: 6}
	tests := []struct {
		name   string
		limits performance.Limits
		before func(*buyer.Buyer)
		give   int
		at     time.Duration
		wantOK bool
	}{
		{"as many as an order may have", limits, nil, 4, 0, true},
		{"one more", limits, nil, 5, 0, false},
		{"up to what a customer may have", limits, func(b *buyer.Buyer) { b.Owned = 4 }, 2, 0, true},
		{"one more than a customer may have", limits, func(b *buyer.Buyer) { b.Owned = 4 }, 3, 0, false},
		{"beside a live hold", limits, func(b *buyer.Buyer) { _ = b.Claim(claim(4), limits, start) }, 3, 0, false},
		{"beside a hold that has expired", limits, func(b *buyer.Buyer) { _ = b.Claim(claim(4), limits, start) }, 4, 10 * time.Minute, true},
		{"after refunds", limits, func(b *buyer.Buyer) { b.Owned = 6; b.Disown(4) }, 4, 0, true},
		{"no limits of its own", performance.Limits{}, func(b *buyer.Buyer) { b.Owned = 1000 }, buyer.MaxPerOrder, 0, true},
		{"never more than the house's limit", performance.Limits{}, nil, buyer.MaxPerOrder + 1, 0, false},
		{"a performance may allow more", performance.Limits{PerOrder: 1000}, nil, buyer.MostPerOrder, 0, true},
		{"though not as many as it likes", performance.Limits{PerOrder: 1000}, nil, buyer.MostPerOrder + 1, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := buyer.Buyer{}
			if tt.before != nil {
				tt.before(&b)
			}
			claims := len(b.Claims)
			err := b.Claim(claim(tt.give), tt.limits, start.Add(tt.at))
			if (err == nil) != tt.wantOK || err != nil && !errors.Is(err, buyer.ErrLimitExceeded) {
				t.Errorf("Claim(%d) = %v, want success %t", tt.give, err, tt.wantOK)
			}
			if err != nil && len(b.Claims) != claims {
				t.Errorf("a refusal left %d claims, want %d", len(b.Claims), claims)
			}
		})
	}
}

func TestHoldsAreCapped(t *testing.T) {
	t.Parallel()
	b := buyer.Buyer{}
	for range buyer.MaxHolds {
		if err := b.Claim(claim(1), performance.Limits{}, start); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Claim(claim(1), performance.Limits{}, start); !errors.Is(err, buyer.ErrLimitExceeded) {
		t.Errorf("one hold more: %v, want ErrLimitExceeded", err)
	}
	b.Release(b.Claims[0].HoldID, start)
	if err := b.Claim(claim(1), performance.Limits{}, start); err != nil {
		t.Errorf("after a release: %v", err)
	}
}

// TestCountsAgreeWithAModel compares with a plain list of holds.
func TestCountsAgreeWithAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := performance.Limits{PerOrder: rapid.IntRange(0, 5).Draw(t, "per order"), PerCustomer: rapid.IntRange(0, 12).Draw(t, "per customer")}
		type held struct {
			quantity int
			until    time.Time
		}
		b, now, owned, version := buyer.Buyer{}, start, 0, 0
		holds := map[id.ID]held{}
		var known []id.ID
		any := func(t *rapid.T) id.ID {
			if len(known) == 0 {
				return id.New()
			}
			return rapid.SampledFrom(known).Draw(t, "hold")
		}
		t.Repeat(map[string]func(*rapid.T){
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "seconds")) * time.Second)
			},
			"claim": func(t *rapid.T) {
				c := buyer.Claim{HoldID: id.New(), Quantity: rapid.IntRange(1, 6).Draw(t, "quantity"), Until: now.Add(10 * time.Minute)}
				total := owned + c.Quantity
				for _, h := range holds {
					if h.until.After(now) {
						total += h.quantity
					}
				}
				want := (limits.PerOrder == 0 || c.Quantity <= limits.PerOrder) && (limits.PerCustomer == 0 || total <= limits.PerCustomer)
				if err := b.Claim(c, limits, now); (err == nil) != want {
					t.Fatalf("Claim(%d) = %v, want success %t with %d in all", c.Quantity, err, want, total)
				}
				if want {
					holds[c.HoldID] = held{c.Quantity, c.Until}
					known = append(known, c.HoldID)
				}
			},
			"extend": func(t *rapid.T) {
				holdID := any(t)
				h, live := holds[holdID]
				if !live || !h.until.After(now) {
					return // only a live hold is extended
				}
				h.until = now.Add(10 * time.Minute)
				holds[holdID] = h
				b.Extend(holdID, h.until)
			},
			"release": func(t *rapid.T) {
				holdID := any(t)
				delete(holds, holdID)
				b.Release(holdID, now)
			},
			"own": func(t *rapid.T) {
				holdID := any(t)
				h, known := holds[holdID]
				if !known {
					h.quantity = rapid.IntRange(1, 6).Draw(t, "quantity") // of a hold that is over
				}
				total := owned + h.quantity
				for other, o := range holds {
					if other != holdID && o.until.After(now) {
						total += o.quantity
					}
				}
				want := limits.PerCustomer == 0 || total <= limits.PerCustomer
				if err := b.Own(holdID, h.quantity, limits, now); (err == nil) != want || err != nil && h.until.After(now) {
					t.Fatalf("Own(%d) = %v, want success %t with %d in all", h.quantity, err, want, total)
				}
				if want {
					owned += h.quantity
					delete(holds, holdID)
				}
			},
			"disown": func(t *rapid.T) {
				n := rapid.IntRange(0, owned).Draw(t, "quantity")
				owned -= n
				b.Disown(n)
			},
			"": func(t *rapid.T) {
				if b.Owned != owned || b.Version < version {
					t.Fatalf("owns %d at version %d, want %d after %d", b.Owned, b.Version, owned, version)
				}
				version = b.Version
				for _, c := range b.Claims {
					if h, live := holds[c.HoldID]; c.Until.After(now) && (!live || h.quantity != c.Quantity || !h.until.Equal(c.Until)) {
						t.Fatalf("claim %+v, want %+v", c, h)
					}
				}
			},
		})
	})
}

func TestDisownStopsAtNothing(t *testing.T) {
	t.Parallel()
	b := buyer.Buyer{Owned: 1}
	if b.Disown(3); b.Owned != 0 {
		t.Errorf("owns %d, want 0", b.Owned)
	}
}
