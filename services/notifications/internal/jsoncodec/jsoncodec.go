// Package jsoncodec is the JSON in which the stores of notifications keep states, beside their ids and versions. Stores
// share it, because they hold the same. Members are only ever added.
package jsoncodec

import (
	"encoding/json"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/notifications/internal/message"
)

type showRow struct {
	Title   string `json:"title"`
	VenueID id.ID  `json:"venueId"`
}

type venueRow struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
	City    string `json:"city,omitempty"`
}

type originRow struct {
	EventID       id.ID  `json:"eventId"`
	CorrelationID string `json:"correlationId,omitempty"`
	TraceParent   string `json:"traceParent,omitempty"`
}

type performanceRow struct {
	ShowID        id.ID             `json:"showId"`
	Title         string            `json:"title"`
	VenueID       id.ID             `json:"venueId"`
	StartsAt      int64             `json:"startsAt"`
	TimeZone      string            `json:"timeZone"`
	Cancelled     bool              `json:"cancelled,omitempty"`
	CancelledBy   *originRow        `json:"cancelledBy,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	PreviousStart *int64            `json:"previousStart,omitempty"`
	ReturnsUntil  *int64            `json:"returnsUntil,omitempty"`
	Areas         map[string]string `json:"areas,omitempty"`
	Categories    map[string]string `json:"categories,omitempty"`
}

type recipientRow struct {
	CustomerID string `json:"customerId"`
	Email      string `json:"email"`
	Language   string `json:"language"`
}

type moveRow struct {
	TicketID id.ID        `json:"ticketId"`
	Version  int          `json:"version"`
	To       recipientRow `json:"to"`
}

type purchaseRow struct {
	Buyer   *recipientRow `json:"buyer,omitempty"`
	Tickets []id.ID       `json:"tickets,omitempty"`
	Void    []id.ID       `json:"void,omitempty"`
	Moves   []moveRow     `json:"moves,omitempty"`
	Closed  bool          `json:"closed,omitempty"`
}

type ticketRow struct {
	ID            id.ID  `json:"id"`
	AreaID        string `json:"areaId"`
	Seat          string `json:"seat,omitempty"`
	PriceCategory string `json:"priceCategory,omitempty"`
	Amount        int64  `json:"amount,omitempty"`
	Currency      string `json:"currency,omitempty"`
	Code          string `json:"code,omitempty"`
	Version       int    `json:"version,omitempty"`
}

type feeRow struct {
	Name   string `json:"name"`
	Amount int64  `json:"amount"`
}

type taxRow struct {
	Name     string `json:"name"`
	Percent  string `json:"percent"`
	Included bool   `json:"included,omitempty"`
	Amount   int64  `json:"amount"`
}

type contentRow struct {
	OrderCode     string      `json:"orderCode,omitempty"`
	Amount        int64       `json:"amount,omitempty"`
	Currency      string      `json:"currency,omitempty"`
	Fees          []feeRow    `json:"fees,omitempty"`
	Tax           *taxRow     `json:"tax,omitempty"`
	Tickets       []ticketRow `json:"tickets,omitempty"`
	Reason        string      `json:"reason,omitempty"`
	Quantity      int         `json:"quantity,omitempty"`
	PriceCategory string      `json:"priceCategory,omitempty"`
	ExpiresAt     *int64      `json:"expiresAt,omitempty"`
	PreviousStart *int64      `json:"previousStart,omitempty"`
	OtherEmail    string      `json:"otherEmail,omitempty"`
	Partial       bool        `json:"partial,omitempty"`
}

func optionalMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func optionalTime(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// EncodeShow writes a show without its id and version.
func EncodeShow(s message.Show) ([]byte, error) { return json.Marshal(showRow{s.Title, s.VenueID}) }

// DecodeShow reads what EncodeShow wrote.
func DecodeShow(showID id.ID, version int, state []byte) (message.Show, error) {
	var row showRow
	err := json.Unmarshal(state, &row)
	return message.Show{ID: showID, Version: version, Title: row.Title, VenueID: row.VenueID}, err
}

// EncodeVenue writes a venue without its id and version.
func EncodeVenue(v message.Venue) ([]byte, error) {
	return json.Marshal(venueRow{v.Name, v.Address, v.City})
}

// DecodeVenue reads what EncodeVenue wrote.
func DecodeVenue(venueID id.ID, version int, state []byte) (message.Venue, error) {
	var row venueRow
	err := json.Unmarshal(state, &row)
	return message.Venue{ID: venueID, Version: version, Name: row.Name, Address: row.Address, City: row.City}, err
}

// EncodePerformance writes a performance without its id and version.
func EncodePerformance(p message.Performance) ([]byte, error) {
	row := performanceRow{
		ShowID: p.ShowID, Title: p.Title, VenueID: p.VenueID, StartsAt: p.StartsAt.UnixMilli(), TimeZone: p.TimeZone, Cancelled: p.Cancelled,
		Reason: p.Reason, PreviousStart: optionalMillis(p.PreviousStart), ReturnsUntil: optionalMillis(p.ReturnsUntil), Areas: p.Areas, Categories: p.Categories,
	}
	if p.Cancelled {
		by := originRow(p.CancelledBy)
		row.CancelledBy = &by
	}
	return json.Marshal(row)
}

// DecodePerformance reads what EncodePerformance wrote.
func DecodePerformance(performanceID id.ID, version int, state []byte) (message.Performance, error) {
	var row performanceRow
	if err := json.Unmarshal(state, &row); err != nil {
		return message.Performance{}, err
	}
	p := message.Performance{
		ID: performanceID, Version: version, ShowID: row.ShowID, Title: row.Title, VenueID: row.VenueID, StartsAt: time.UnixMilli(row.StartsAt).UTC(),
		TimeZone: row.TimeZone, Cancelled: row.Cancelled, Reason: row.Reason, PreviousStart: optionalTime(row.PreviousStart),
		ReturnsUntil: optionalTime(row.ReturnsUntil), Areas: row.Areas, Categories: row.Categories,
	}
	if row.CancelledBy != nil {
		p.CancelledBy = message.Origin(*row.CancelledBy)
	}
	return p, nil
}

// EncodePurchase writes a purchase without its ids.
func EncodePurchase(p message.Purchase) ([]byte, error) {
	row := purchaseRow{Tickets: p.Tickets, Void: p.Void, Closed: p.Closed}
	if p.Buyer != (message.Recipient{}) {
		buyer := recipientRow(p.Buyer)
		row.Buyer = &buyer
	}
	for _, m := range p.Moves {
		row.Moves = append(row.Moves, moveRow{m.TicketID, m.Version, recipientRow(m.To)})
	}
	return json.Marshal(row)
}

// DecodePurchase reads what EncodePurchase wrote.
func DecodePurchase(performanceID, orderID id.ID, state []byte) (message.Purchase, error) {
	var row purchaseRow
	if err := json.Unmarshal(state, &row); err != nil {
		return message.Purchase{}, err
	}
	p := message.Purchase{PerformanceID: performanceID, OrderID: orderID, Tickets: row.Tickets, Void: row.Void, Closed: row.Closed}
	if row.Buyer != nil {
		p.Buyer = message.Recipient(*row.Buyer)
	}
	for _, m := range row.Moves {
		p.Moves = append(p.Moves, message.Move{TicketID: m.TicketID, Version: m.Version, To: message.Recipient(m.To)})
	}
	return p, nil
}

// EncodeContent writes a message's content.
func EncodeContent(c message.Content) ([]byte, error) {
	row := contentRow{
		OrderCode: c.OrderCode, Amount: c.Amount.Amount, Currency: c.Amount.Currency, Reason: c.Reason, Quantity: c.Quantity,
		PriceCategory: c.PriceCategory, ExpiresAt: optionalMillis(c.ExpiresAt), PreviousStart: optionalMillis(c.PreviousStart),
		OtherEmail: c.OtherEmail, Partial: c.Partial,
	}
	for _, f := range c.Fees {
		row.Fees = append(row.Fees, feeRow{f.Name, f.Amount.Amount})
	}
	if t := c.Tax; t.Name != "" {
		row.Tax = &taxRow{t.Name, t.Percent, t.Included, t.Amount.Amount}
	}
	for _, t := range c.Tickets {
		row.Tickets = append(row.Tickets, ticketRow{t.ID, t.AreaID, t.Seat, t.PriceCategory, t.Price.Amount, t.Price.Currency, t.Code, t.Version})
	}
	return json.Marshal(row)
}

// DecodeContent reads what EncodeContent wrote.
func DecodeContent(state []byte) (message.Content, error) {
	var row contentRow
	if err := json.Unmarshal(state, &row); err != nil {
		return message.Content{}, err
	}
	c := message.Content{
		OrderCode: row.OrderCode, Amount: money.Money{Amount: row.Amount, Currency: row.Currency}, Reason: row.Reason, Quantity: row.Quantity,
		PriceCategory: row.PriceCategory, ExpiresAt: optionalTime(row.ExpiresAt), PreviousStart: optionalTime(row.PreviousStart),
		OtherEmail: row.OtherEmail, Partial: row.Partial,
	}
	charged := func(amount int64) money.Money { return money.Money{Amount: amount, Currency: row.Currency} }
	for _, f := range row.Fees {
		c.Fees = append(c.Fees, message.Fee{Name: f.Name, Amount: charged(f.Amount)})
	}
	if t := row.Tax; t != nil {
		c.Tax = message.Tax{Name: t.Name, Percent: t.Percent, Included: t.Included, Amount: charged(t.Amount)}
	}
	for _, t := range row.Tickets {
		c.Tickets = append(c.Tickets, message.Ticket{
			ID: t.ID, AreaID: t.AreaID, Seat: t.Seat, PriceCategory: t.PriceCategory,
			Price: money.Money{Amount: t.Amount, Currency: t.Currency}, Code: t.Code, Version: t.Version,
		})
	}
	return c, nil
}
