package itemcodec

import (
	"github.com/go-faster/jx"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
)

// EncodeItems writes what a hold or an order has, as JSON. It is written with
// every hold and order and read with every order, so it does without reflection.
func EncodeItems(items []hold.Item) []byte {
	var e jx.Encoder
	e.ArrStart()
	for _, item := range items {
		e.ObjStart()
		e.FieldStart("area")
		e.Str(item.AreaID)
		e.FieldStart("category")
		e.Str(item.PriceCategory)
		e.FieldStart("amount")
		e.Int64(item.UnitPrice.Amount)
		e.FieldStart("currency")
		e.Str(item.UnitPrice.Currency)
		if item.Refund != item.UnitPrice {
			e.FieldStart("refund")
			e.Int64(item.Refund.Amount)
		}
		if item.Tier != "" {
			e.FieldStart("tier")
			e.Str(item.Tier)
		}
		if item.Concession != "" {
			e.FieldStart("concession")
			e.Str(item.Concession)
		}
		if len(item.Uses) > 0 {
			e.FieldStart("uses")
			encodeUses(&e, item.Uses)
		}
		e.FieldStart("seats")
		e.ArrStart()
		for _, seat := range item.Seats {
			e.Str(seat)
		}
		e.ArrEnd()
		e.FieldStart("places")
		encodePlaces(&e, item.Places)
		e.ObjEnd()
	}
	e.ArrEnd()
	return e.Bytes()
}

// DecodeItems reads what EncodeItems returned.
func DecodeItems(text []byte) ([]hold.Item, error) {
	var items []hold.Item
	err := jx.DecodeBytes(text).Arr(func(d *jx.Decoder) error {
		item, err := decodeItem(d)
		items = append(items, item)
		return err
	})
	return items, err
}

func decodeItem(d *jx.Decoder) (hold.Item, error) {
	var (
		item      hold.Item
		price     money.Money
		refund    int64
		hasRefund bool
	)
	err := d.Obj(func(d *jx.Decoder, key string) (err error) {
		switch key {
		case "area":
			item.AreaID, err = d.Str()
		case "category":
			item.PriceCategory, err = d.Str()
		case "amount":
			price.Amount, err = d.Int64()
		case "currency":
			price.Currency, err = d.Str()
		case "refund":
			hasRefund = true
			refund, err = d.Int64()
		case "tier":
			item.Tier, err = d.Str()
		case "concession":
			item.Concession, err = d.Str()
		case "seats":
			err = d.Arr(func(d *jx.Decoder) error {
				seat, err := d.Str()
				item.Seats = append(item.Seats, seat)
				return err
			})
		case "places":
			item.Places, err = decodePlaces(d)
		case "uses":
			item.Uses, err = decodeUses(d)
		default:
			err = d.Skip()
		}
		return err
	})
	item.UnitPrice, item.Refund = price, price
	if hasRefund {
		item.Refund.Amount = refund
	}
	return item, err
}

// encodePlaces writes the partition and the slot of each in turn.
func encodePlaces(e *jx.Encoder, places []inventory.Place) {
	e.ArrStart()
	for _, place := range places {
		e.Int(place.Partition)
		e.Int(place.Slot)
	}
	e.ArrEnd()
}

func decodePlaces(d *jx.Decoder) ([]inventory.Place, error) {
	var numbers []int
	err := d.Arr(func(d *jx.Decoder) error {
		n, err := d.Int()
		numbers = append(numbers, n)
		return err
	})
	var places []inventory.Place
	for i := 0; i+1 < len(numbers); i += 2 {
		places = append(places, inventory.Place{Partition: numbers[i], Slot: numbers[i+1]})
	}
	return places, err
}

// encodeUses writes the places that are used of each quota by its id.
func encodeUses(e *jx.Encoder, uses []hold.Use) {
	e.ObjStart()
	for _, use := range uses {
		e.FieldStart(use.QuotaID)
		encodePlaces(e, use.Places)
	}
	e.ObjEnd()
}

func decodeUses(d *jx.Decoder) ([]hold.Use, error) {
	var uses []hold.Use
	err := d.Obj(func(d *jx.Decoder, quotaID string) error {
		places, err := decodePlaces(d)
		uses = append(uses, hold.Use{QuotaID: quotaID, Places: places})
		return err
	})
	return uses, err
}
