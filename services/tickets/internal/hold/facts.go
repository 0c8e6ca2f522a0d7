package hold

// ReleaseReason says why places came back on sale without an order.
type ReleaseReason string

// The reasons.
const (
	ReasonReleased             ReleaseReason = "released"
	ReasonExpired              ReleaseReason = "expired"
	ReasonPerformanceCancelled ReleaseReason = "performance_cancelled"
)

// PlacedFact says that places were set aside.
type PlacedFact struct{ Hold Hold }

// ReleasedFact says that a hold ended without an order.
type ReleasedFact struct {
	Hold   Hold
	Reason ReleaseReason
}
