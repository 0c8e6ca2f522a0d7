package onsale

import "time"

// Counting, for tests.
var (
	Compare    = compare
	Percentile = percentile
	Tenths     = tenths
)

// Seat is a seat to sell.
type Seat = seat

// NewSeat names a seat.
func NewSeat(area, seatID string) Seat { return seat{area, seatID} }

// Sale is a seat sold.
type Sale = sale

// NewSale is one whose hold was answered then, and took as long as its order.
func NewSale(heldAt time.Time, took time.Duration) Sale {
	return sale{hold: took, order: took, heldAt: heldAt}
}
