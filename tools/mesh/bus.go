package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ticketmesh.dev/platform/sqlitebus"

	"ticketmesh.dev/tools/internal/mesh"
)

// withBus works on the bus in the data folder, whether or not a mesh runs on it.
func withBus(ctx context.Context, data string, work func(*sqlitebus.Bus) error) error {
	path := filepath.Join(data, mesh.BusFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return usageError{fmt.Errorf("--data: there is no mesh in %s", data)}
	}
	bus, err := sqlitebus.Open(ctx, path, sqlitebus.Options{})
	if err != nil {
		return err
	}
	return errors.Join(work(bus), bus.Close())
}
