package inventory_test

import (
	"errors"
	"math/bits"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func newPartition(capacity int) inventory.Partition {
	return inventory.New(inventory.Key{PerformanceID: id.New(), AreaID: "floor"}, capacity)
}

func TestNewPartitionIsFree(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{1, 2, 63, 64} {
		p := newPartition(capacity)
		if p.All().Count() != capacity || p.Free(start) != p.All() || p.Version != 1 || !p.NextExpiry().IsZero() {
			t.Errorf("capacity %d: all %b, free %b, version %d, next expiry %s", capacity, p.All(), p.Free(start), p.Version, p.NextExpiry())
		}
	}
}

func TestTakeRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give inventory.Slots
	}{
		{"nothing", 0},
		{"a slot beyond the capacity", 1 << 4},
		{"a held slot among free ones", 0b0111},
		{"a sold slot", 0b1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPartition(4)
			if err := p.Take(id.New(), 0b0001, start, start.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if err := p.Sell(id.New(), 0b1000, start); err != nil {
				t.Fatal(err)
			}
			before := p.Version
			if err := p.Take(id.New(), tt.give, start, start.Add(time.Minute)); !errors.Is(err, inventory.ErrTaken) {
				t.Errorf("Take() = %v, want ErrTaken", err)
			}
			if p.Version != before || p.Free(start) != 0b0110 {
				t.Errorf("a refusal changed the partition: version %d, free %b", p.Version, p.Free(start))
			}
		})
	}
}

func TestAClaimEndsAtTheInstantOfItsExpiry(t *testing.T) {
	t.Parallel()
	p := newPartition(2)
	until := start.Add(time.Minute)
	if err := p.Take(id.New(), 0b01, start, until); err != nil {
		t.Fatal(err)
	}
	if got := p.Free(until.Add(-time.Millisecond)); got != 0b10 {
		t.Errorf("a millisecond before: free %b, want 10", got)
	}
	if got := p.Free(until); got != 0b11 {
		t.Errorf("at the expiry: free %b, want 11", got)
	}
	if !p.NextExpiry().Equal(until) {
		t.Errorf("next expiry %s, want %s", p.NextExpiry(), until)
	}
}

func TestSellAfterExpiryTakesTheSamePlacesOrNone(t *testing.T) {
	t.Parallel()
	late := start.Add(time.Hour)
	mine, other := id.New(), id.New()
	t.Run("still free", func(t *testing.T) {
		t.Parallel()
		p := newPartition(4)
		_ = p.Take(mine, 0b0011, start, start.Add(time.Minute))
		if err := p.Sell(mine, 0b0011, late); err != nil || p.Sold != 0b0011 || len(p.Claims) != 0 {
			t.Errorf("Sell() = %v, sold %b, %d claims", err, p.Sold, len(p.Claims))
		}
	})
	t.Run("one of two taken by somebody else", func(t *testing.T) {
		t.Parallel()
		p := newPartition(4)
		_ = p.Take(mine, 0b0011, start, start.Add(time.Minute))
		_ = p.Take(other, 0b0010, late, late.Add(time.Minute))
		before := p.Version
		if err := p.Sell(mine, 0b0011, late); !errors.Is(err, inventory.ErrTaken) || p.Sold != 0 || p.Version != before || p.Held(late) != 0b0010 {
			t.Errorf("Sell() = %v, sold %b, held %b", err, p.Sold, p.Held(late))
		}
	})
	t.Run("sold to somebody else", func(t *testing.T) {
		t.Parallel()
		p := newPartition(4)
		_ = p.Sell(other, 0b0010, start)
		if err := p.Sell(mine, 0b0010, start); !errors.Is(err, inventory.ErrTaken) {
			t.Errorf("Sell() = %v, want ErrTaken", err)
		}
	})
	t.Run("beyond the capacity", func(t *testing.T) {
		t.Parallel()
		p := newPartition(4)
		if err := p.Sell(mine, 0b10000, start); !errors.Is(err, inventory.ErrTaken) {
			t.Errorf("Sell() = %v, want ErrTaken", err)
		}
	})
}

func TestReleaseAndReturnMayBeRepeated(t *testing.T) {
	t.Parallel()
	p := newPartition(4)
	mine := id.New()
	_ = p.Take(mine, 0b0001, start, start.Add(time.Minute))
	_ = p.Sell(id.New(), 0b0100, start)
	if got := p.Release(mine, start); got != 0b0001 {
		t.Errorf("Release() = %b, want 1", got)
	}
	p.Return(0b0110)
	before := p.Version
	if got := p.Release(mine, start); got != 0 {
		t.Errorf("Release() again = %b, want none", got)
	}
	p.Return(0b0110)
	if p.Sweep(start) {
		t.Error("Sweep() found something to clear")
	}
	if p.Version != before || p.Free(start) != 0b1111 {
		t.Errorf("version %d, want %d; free %b", p.Version, before, p.Free(start))
	}
}

func TestEachVisitsEverySlotFromTheLowest(t *testing.T) {
	t.Parallel()
	var got []int
	inventory.Slots(1<<63 | 0b1010).Each(func(slot int) { got = append(got, slot) })
	if len(got) != 3 || got[0] != 1 || got[1] != 3 || got[2] != 63 {
		t.Errorf("Each() visited %v", got)
	}
}

// place is one place of the naive model.
type place struct {
	sold  bool
	by    id.ID
	until time.Time
}

// TestPartitionAgreesWithANaiveModel drives a partition and 64 separate places
// through the same history.
func TestPartitionAgreesWithANaiveModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, inventory.MaxPlaces).Draw(t, "capacity")
		p := newPartition(capacity)
		places := make([]place, capacity)
		holds := []id.ID{id.New(), id.New(), id.New(), id.New(), id.New()}
		now, version := start, p.Version

		free := func(i int) bool { return !places[i].sold && !places[i].until.After(now) }
		slots := func(label string) inventory.Slots {
			// Mostly few places, sometimes beyond the capacity.
			drawn := inventory.Slots(rapid.Uint64().Draw(t, label))
			if rapid.Bool().Draw(t, "few") {
				drawn = 1<<rapid.IntRange(0, 63).Draw(t, "a") | 1<<rapid.IntRange(0, 63).Draw(t, "b")
			}
			if rapid.IntRange(0, 9).Draw(t, "within") > 0 {
				drawn &= p.All()
			}
			return drawn
		}
		each := func(s inventory.Slots, ok func(int) bool) bool {
			all := s != 0
			s.Each(func(slot int) { all = all && slot < capacity && ok(slot) })
			return all
		}
		check := func(what string, err error, want bool) {
			t.Helper()
			if (err == nil) != want || err != nil && !errors.Is(err, inventory.ErrTaken) {
				t.Fatalf("%s = %v, want success %t", what, err, want)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				holdID, wanted := rapid.SampledFrom(holds).Draw(t, "hold"), slots("slots")
				for i := range places {
					if places[i].by == holdID && places[i].until.After(now) {
						return // the use cases give every hold a new id
					}
				}
				until := now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
				want := each(wanted, free)
				check("Take()", p.Take(holdID, wanted, now, until), want)
				if want {
					wanted.Each(func(slot int) { places[slot] = place{by: holdID, until: until} })
				}
			},
			"extend": func(t *rapid.T) {
				holdID := rapid.SampledFrom(holds).Draw(t, "hold")
				until := now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second)
				live := false
				for i := range places {
					if places[i].by == holdID && places[i].until.After(now) {
						places[i].until, live = until, true
					}
				}
				check("Extend()", p.Extend(holdID, now, until), live)
			},
			"release": func(t *rapid.T) {
				holdID := rapid.SampledFrom(holds).Draw(t, "hold")
				p.Release(holdID, now)
				for i := range places {
					if places[i].by == holdID && !places[i].sold {
						places[i] = place{}
					}
				}
			},
			"sell": func(t *rapid.T) {
				holdID, wanted := rapid.SampledFrom(holds).Draw(t, "hold"), slots("slots")
				if rapid.Bool().Draw(t, "what it holds") {
					wanted = 0
					for i := range places {
						if places[i].by == holdID && !places[i].sold {
							wanted |= 1 << i
						}
					}
				}
				want := each(wanted, func(i int) bool { return free(i) || places[i].by == holdID && !places[i].sold })
				check("Sell()", p.Sell(holdID, wanted, now), want)
				if want {
					wanted.Each(func(slot int) { places[slot] = place{sold: true} })
				}
			},
			"return": func(t *rapid.T) {
				back := slots("slots")
				p.Return(back)
				back.Each(func(slot int) {
					if slot < capacity && places[slot].sold {
						places[slot] = place{}
					}
				})
			},
			"sweep": func(t *rapid.T) { p.Sweep(now) },
			"the clock goes on": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 300_000).Draw(t, "ms")) * time.Millisecond)
			},
			"": func(t *rapid.T) {
				sold, held, free := p.Sold, p.Held(now), p.Free(now)
				if sold&held|sold&free|held&free != 0 || sold|held|free != p.All() {
					t.Fatalf("a place is in two states or none: sold %b, held %b, free %b", sold, held, free)
				}
				if sold.Count()+held.Count()+free.Count() != capacity {
					t.Fatalf("%d sold + %d held + %d free, want %d", sold.Count(), held.Count(), free.Count(), capacity)
				}
				var claimed inventory.Slots
				for _, claim := range p.Claims {
					if claim.Until.After(now) && claimed&claim.Slots != 0 || claim.Slots&p.Sold != 0 || claim.Slots == 0 {
						t.Fatalf("claim %+v overlaps or is empty", claim)
					}
					if claim.Until.After(now) {
						claimed |= claim.Slots
					}
				}
				for i := range places {
					bit := inventory.Slots(1) << i
					if (sold&bit != 0) != places[i].sold || (held&bit != 0) != (!places[i].sold && places[i].until.After(now)) {
						t.Fatalf("place %d: sold %t, held %t, want %+v at %s", i, sold&bit != 0, held&bit != 0, places[i], now)
					}
				}
				if p.Version < version {
					t.Fatalf("version went from %d to %d", version, p.Version)
				}
				version = p.Version
			},
		})
	})
}

func TestVersionCountsEveryChangeOfState(t *testing.T) {
	t.Parallel()
	p := newPartition(8)
	mine := id.New()
	steps := []struct {
		name string
		do   func()
	}{
		{"take", func() { _ = p.Take(mine, 0b11, start, start.Add(time.Minute)) }},
		{"extend", func() { _ = p.Extend(mine, start, start.Add(2*time.Minute)) }},
		{"sell", func() { _ = p.Sell(mine, 0b01, start) }},
		{"release", func() { p.Release(mine, start) }},
		{"return", func() { p.Return(0b01) }},
		{"take for a moment", func() { _ = p.Take(mine, 0b11, start, start.Add(time.Second)) }},
		{"sweep", func() { p.Sweep(start.Add(time.Hour)) }},
	}
	for i, step := range steps {
		step.do()
		if want := i + 2; p.Version != want {
			t.Errorf("after %s the version is %d, want %d", step.name, p.Version, want)
		}
	}
}

// runsOf lists the runs of free places as the definition has them.
func runsOf(free, adjacent inventory.Slots) map[int]int {
	runs := map[int]int{} // start: length
	from := -1
	for slot := range 64 {
		bit := inventory.Slots(1) << slot
		if free&bit == 0 {
			from = -1
			continue
		}
		if from < 0 || adjacent&(bit>>1) == 0 {
			from = slot
		}
		runs[from]++
	}
	return runs
}

func TestRunsAgreeWithBruteForce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		free := inventory.Slots(rapid.Uint64().Draw(t, "free") | rapid.Uint64().Draw(t, "more"))
		adjacent := inventory.Slots(rapid.Uint64().Draw(t, "adjacent") | rapid.Uint64().Draw(t, "more"))
		if rapid.Bool().Draw(t, "one row") {
			adjacent = ^inventory.Slots(0)
		}
		n := rapid.IntRange(0, 65).Draw(t, "n")
		runs := runsOf(free, adjacent)
		longest := 0
		for _, length := range runs {
			longest = max(longest, length)
		}
		if got := inventory.LongestRun(free, adjacent); got != longest {
			t.Fatalf("LongestRun() = %d, want %d", got, longest)
		}
		chosen, ok := inventory.BestRun(free, adjacent, n)
		if want := n >= 1 && n <= longest; ok != want {
			t.Fatalf("BestRun(%d) found %t, want %t (longest %d)", n, ok, want, longest)
		}
		if !ok {
			if chosen != 0 {
				t.Fatalf("BestRun() chose %b without success", chosen)
			}
			return
		}
		if chosen&^free != 0 || chosen.Count() != n {
			t.Fatalf("BestRun(%d) chose %b of %b", n, chosen, free)
		}
		first := bits.TrailingZeros64(uint64(chosen))
		for slot := first; slot < first+n-1; slot++ {
			if adjacent>>slot&1 == 0 {
				t.Fatalf("BestRun(%d) = %b goes across an aisle after %d", n, chosen, slot)
			}
		}
		orphans := func(length int) bool { return length-n == 1 }
		length, startsRun := runs[first]
		if !startsRun || length < n {
			t.Fatalf("BestRun(%d) does not begin where a run of enough places does: %d in %v", n, first, runs)
		}
		for begins, other := range runs {
			if other >= n && !orphans(other) && (orphans(length) || begins < first) {
				t.Fatalf("BestRun(%d) took the run at %d of %d, though the one at %d of %d leaves nobody alone", n, first, length, begins, other)
			}
			if other >= n && orphans(length) && begins < first {
				t.Fatalf("BestRun(%d) took the run at %d, want the first at %d", n, first, begins)
			}
		}
	})
}

func TestLowestTakesTheLowest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		free := inventory.Slots(rapid.Uint64().Draw(t, "free"))
		n := rapid.IntRange(0, 70).Draw(t, "n")
		var want inventory.Slots
		for slot := 0; slot < 64 && want.Count() < n; slot++ {
			want |= free & (1 << slot)
		}
		if got := inventory.Lowest(free, n); got != want {
			t.Fatalf("Lowest(%b, %d) = %b, want %b", free, n, got, want)
		}
	})
}

func TestBestRun(t *testing.T) {
	t.Parallel()
	const row = ^inventory.Slots(0)
	tests := []struct {
		name           string
		free, adjacent inventory.Slots
		n              int
		want           inventory.Slots
	}{
		{"the first", 0b1111, row, 2, 0b0011},
		{"not the run that would leave one alone", 0b1111_0111, row, 2, 0b0011_0000},
		{"unless there is no other", 0b0111, row, 2, 0b0011},
		{"a run that fits exactly", 0b110_111, row, 3, 0b000_111},
		{"never across an aisle", 0b1111, 0b1101, 2, 0b0011},
		{"on the other side of the aisle", 0b1111, 0b0110, 3, 0b1110},
		{"all 64", row, row, 64, row},
		{"the last place", 1 << 63, row, 1, 1 << 63},
		{"none", 0, row, 1, 0},
		{"no number", row, row, 0, 0},
		{"more than a partition", row, row, 65, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := inventory.BestRun(tt.free, tt.adjacent, tt.n)
			if got != tt.want || ok != (tt.want != 0) {
				t.Errorf("BestRun() = %b, %t, want %b", got, ok, tt.want)
			}
		})
	}
}

func BenchmarkBestRun(b *testing.B) {
	free, adjacent := inventory.Slots(0xDEAD_BEEF_0F0F_3333), ^inventory.Slots(0)
	for b.Loop() {
		inventory.BestRun(free, adjacent, 4)
	}
}

func BenchmarkTakeAndSell(b *testing.B) {
	mine := id.New()
	for b.Loop() {
		p := newPartition(64)
		_ = p.Take(mine, 0b11, start, start.Add(time.Minute))
		_ = p.Sell(mine, 0b11, start)
	}
}
