package onsale

// Counting, for tests.
var (
	Compare    = compare
	Percentile = percentile
)

// Seat is a seat to sell.
type Seat = seat

// NewSeat names a seat.
func NewSeat(area, seatID string) Seat { return seat{area, seatID} }
