package itemcodec_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
)

func TestItemsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	items := []hold.Item{
		{
			AreaID: "d", Seats: []string{"14-1", "Ä \"x\"-2"}, Places: []inventory.Place{{Partition: 0, Slot: 0}, {Partition: 3, Slot: 63}},
			PriceCategory: "自由席", Tier: "früh", Concession: "学生", UnitPrice: money.Money{Amount: 2600, Currency: "EUR"},
			Refund: money.Money{Amount: 2750, Currency: "EUR"},
			Uses: []hold.Use{
				{QuotaID: "~4:tier9:自由席5:früh", Places: []inventory.Place{{Partition: 7, Slot: 1}, {Partition: 1, Slot: 63}}},
				{QuotaID: "~4:code1:\"", Places: []inventory.Place{{}, {Slot: 1}}},
			},
		},
		{
			AreaID: "standing", Places: []inventory.Place{{Partition: 1, Slot: 7}}, PriceCategory: "s", UnitPrice: money.Money{Currency: "KWD"},
			Refund: money.Money{Currency: "KWD"},
		},
	}
	got, err := itemcodec.DecodeItems(itemcodec.EncodeItems(items))
	if err != nil || !reflect.DeepEqual(got, items) {
		t.Errorf("read %+v, %v, want %+v", got, err, items)
	}
}

func TestClaimsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 6, 1, 20, 0, 0, 7_000_000, time.UTC)
	places := []inventory.Claim{{HoldID: id.New(), Slots: 1 << 63, Until: until}, {HoldID: id.New(), Slots: 1, Until: until.Add(time.Hour)}}
	if got, err := itemcodec.DecodeClaims(itemcodec.EncodeClaims(places)); err != nil || !reflect.DeepEqual(got, places) {
		t.Errorf("read %+v, %v, want %+v", got, err, places)
	}
	counts := []buyer.Claim{{HoldID: id.New(), Quantity: 1000, Until: until}}
	if got, err := itemcodec.DecodeBuyerClaims(itemcodec.EncodeBuyerClaims(counts)); err != nil || !reflect.DeepEqual(got, counts) {
		t.Errorf("read %+v, %v, want %+v", got, err, counts)
	}
}

func FuzzDecodeItems(f *testing.F) {
	f.Add([]byte(`[{"area":"d","category":"I","amount":1,"currency":"EUR","seats":["1-1"],"places":[0,1]}]`))
	f.Add([]byte(`[{"amount":5,"currency":"EUR","refund":7,"tier":"a","concession":"b"}]`))
	f.Add([]byte(`[{"places":[1]}]`))
	f.Add([]byte(`[{"places":[1,2],"uses":{"~1:a":[0,7],"":[]}}]`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := itemcodec.DecodeItems(text)
		if err != nil {
			return
		}
		again, err := itemcodec.DecodeItems(itemcodec.EncodeItems(items))
		if err != nil || len(again) != len(items) {
			t.Fatalf("%q: read %d items, and %d of what was written again: %v", text, len(items), len(again), err)
		}
	})
}

func FuzzDecodeClaims(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1}, 32))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, encoded []byte) {
		claims, err := itemcodec.DecodeClaims(encoded)
		if (err != nil) != (len(encoded)%32 != 0) {
			t.Fatalf("%d bytes: %v", len(encoded), err)
		}
		if err == nil && len(claims) != len(encoded)/32 {
			t.Fatalf("%d claims of %d bytes", len(claims), len(encoded))
		}
	})
}
