package sqlite_test

import (
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/idempotency/idempotencytest"
)

func TestIdempotencyConforms(t *testing.T) {
	t.Parallel()
	idempotencytest.Run(t, func(t *testing.T) (idempotency.Store, *clock.Manual) {
		c := clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
		return open(t, tempFile(t)).Idempotency(c), c
	})
}
