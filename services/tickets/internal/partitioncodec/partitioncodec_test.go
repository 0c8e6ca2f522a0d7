package partitioncodec_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/partitioncodec"
)

var at = time.Date(2027, 3, 1, 12, 0, 0, 7_000_000, time.UTC)

func TestPartitionsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for _, areaID := range []string{"stalls", inventory.QuotaID("tier", "a#b")} {
		p := inventory.New(inventory.Key{PerformanceID: id.New(), AreaID: areaID, Number: 312}, 64)
		p.Kept, p.Closed = 0b11000, 1<<40
		if err := errors.Join(p.Sell(id.New(), 1<<63, at), p.Take(id.New(), 0b101, at, at.Add(time.Minute))); err != nil {
			t.Fatal(err)
		}
		pk, sk := partitioncodec.Keys(p.Key)
		got, when, err := partitioncodec.Decode(pk, sk, partitioncodec.Encode(&p, at))
		if err != nil || !reflect.DeepEqual(got, p) || !when.Equal(at) {
			t.Errorf("read %+v at %v, %v, want %+v at %v", got, when, err, p, at)
		}
		if got := partitioncodec.IsPlaces(pk); got == inventory.IsQuota(areaID) {
			t.Errorf("%s is of places: %t", pk, got)
		}
	}
}

// TestKeysStay has keys as the first release made them.
func TestKeysStay(t *testing.T) {
	t.Parallel()
	performanceID := id.ID{1, 2, 3}
	for _, tt := range []struct {
		area   string
		number int
		pk, sk string
	}{
		{"stalls", 0, "inv#01020300-0000-0000-0000-000000000000#6", "stalls#00000"},
		{"stalls", 15, "inv#01020300-0000-0000-0000-000000000000#6", "stalls#00015"},
		{"stalls", 16, "inv#01020300-0000-0000-0000-000000000000#7", "stalls#00016"},
		{inventory.QuotaID("x"), 3, "quota#01020300-0000-0000-0000-000000000000#2", "~1:x#00003"},
	} {
		if pk, sk := partitioncodec.Keys(inventory.Key{PerformanceID: performanceID, AreaID: tt.area, Number: tt.number}); pk != tt.pk || sk != tt.sk {
			t.Errorf("keys %s, %s, want %s, %s", pk, sk, tt.pk, tt.sk)
		}
	}
}

func TestNeighboursAreTogetherAndAllShardsAreUsed(t *testing.T) {
	t.Parallel()
	var used []int
	for group := range partitioncodec.Shards {
		first := group * partitioncodec.Neighbours
		for number := first; number < first+partitioncodec.Neighbours; number++ {
			if partitioncodec.Shard("stalls", number) != partitioncodec.Shard("stalls", first) {
				t.Errorf("partition %d is not with its neighbours", number)
			}
		}
		used = append(used, partitioncodec.Shard("stalls", first))
	}
	slices.Sort(used)
	if !slices.Equal(used, []int{0, 1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("used %v", used)
	}
}

func FuzzDecode(f *testing.F) {
	p := inventory.New(inventory.Key{PerformanceID: id.New(), AreaID: "stalls", Number: 1}, 64)
	pk, sk := partitioncodec.Keys(p.Key)
	f.Add(pk, sk, partitioncodec.Encode(&p, at))
	f.Add("inv#", "#", []byte{})
	f.Fuzz(func(t *testing.T, pk, sk string, document []byte) {
		p, when, err := partitioncodec.Decode(pk, sk, document)
		if err != nil {
			return
		}
		pk, sk = partitioncodec.Keys(p.Key)
		again, whenAgain, err := partitioncodec.Decode(pk, sk, partitioncodec.Encode(&p, when))
		if err != nil || !reflect.DeepEqual(again, p) || !whenAgain.Equal(when) {
			t.Errorf("read %+v, and of what was written again %+v, %v", p, again, err)
		}
	})
}
