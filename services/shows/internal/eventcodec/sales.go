package eventcodec

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

func channels(of []sales.Channel) []showsevents.Channel {
	var told []showsevents.Channel
	for _, channel := range of {
		data := showsevents.Channel{ID: channel.ID}
		setTime(&data.SalesOpenAt, channel.SalesOpenAt)
		setTime(&data.SalesCloseAt, channel.SalesCloseAt)
		told = append(told, data)
	}
	return told
}

// presales tells codes by their digests: whoever reads events must not be able to
// buy with them.
func presales(of []sales.Presale) []showsevents.Presale {
	var told []showsevents.Presale
	for _, presale := range of {
		data := showsevents.Presale{
			ID: presale.ID, Name: presale.Name, OpensAt: presale.OpensAt, PriceCategories: presale.PriceCategories, Uses: presale.Uses,
		}
		setTime(&data.ClosesAt, presale.ClosesAt)
		if presale.Channel != "" {
			data.Channel.SetTo(presale.Channel)
		}
		for _, code := range presale.AllCodes() {
			data.Codes = append(data.Codes, codeDigest(code))
		}
		told = append(told, data)
	}
	return told
}

func codeDigest(code string) string {
	digest := sha256.Sum256([]byte(strings.ToUpper(code)))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

func allocations(of []seatmap.Allocation) []showsevents.Allocation {
	var told []showsevents.Allocation
	for _, allocation := range of {
		data := showsevents.Allocation{ID: allocation.ID, Channel: allocation.Channel, AreaID: allocation.AreaID}
		if allocation.Name != "" {
			data.Name.SetTo(allocation.Name)
		}
		setInt(&data.Quantity, allocation.Quantity)
		for _, row := range allocation.Rows {
			data.Rows = append(data.Rows, showsevents.AllocatedRow{Row: row.Label, Seats: row.Seats})
		}
		told = append(told, data)
	}
	return told
}
