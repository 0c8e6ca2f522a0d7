package app

import (
	"context"
	"fmt"
)

// Ready fails when a part of the service does not answer.
func (i *Info) Ready(ctx context.Context) error {
	if err := i.store.Ready(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := i.blobs.Ready(ctx); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}
