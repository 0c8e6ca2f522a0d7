package idempotency_test

import (
	"context"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
)

func TestResourceIDIsTheClaimedOne(t *testing.T) {
	t.Parallel()
	want := id.New()
	ctx := idempotency.WithResourceID(context.Background(), want)
	if got := idempotency.ResourceID(ctx); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestResourceIDIsNewWithoutAClaim(t *testing.T) {
	t.Parallel()
	a, b := idempotency.ResourceID(context.Background()), idempotency.ResourceID(context.Background())
	if a == id.Nil || a == b {
		t.Errorf("got %s and %s", a, b)
	}
}
