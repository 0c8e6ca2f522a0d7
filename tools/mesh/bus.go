package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ticketmesh.dev/platform/sqlitebus"

	"ticketmesh.dev/tools/internal/mesh"
	"ticketmesh.dev/tools/mesh/internal/target"
	"ticketmesh.dev/tools/mesh/internal/targetaws"
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

// targetFlags say which mesh is meant.
type targetFlags struct{ data, target, stage *string }

func targetFlag(cmd *cobra.Command) targetFlags {
	return targetFlags{
		data:   dataFlag(cmd),
		target: cmd.Flags().String("target", "embedded", "embedded, or aws for the one of --stage in the AWS account that the environment or ~/.aws says"),
		stage:  cmd.Flags().String("stage", "", "the mesh's stage on AWS"),
	}
}

// with works on the mesh that the flags mean. A name that it does not know is an
// error of usage.
func (f targetFlags) with(ctx context.Context, work func(target.Mesh) error) error {
	var err error
	switch {
	case *f.target == "embedded" && *f.stage != "":
		return usageError{errors.New("--stage is of --target aws")}
	case *f.target == "embedded":
		err = withBus(ctx, *f.data, func(bus *sqlitebus.Bus) error { return work(target.Embedded{Bus: bus}) })
	case *f.target == "aws" && *f.stage == "":
		return usageError{errors.New("--target aws needs --stage")}
	case *f.target == "aws":
		var mesh *targetaws.Mesh
		if mesh, err = targetaws.Open(ctx, *f.stage); err == nil {
			err = work(mesh)
		}
	default:
		return usageError{fmt.Errorf("--target: %q is neither embedded nor aws", *f.target)}
	}
	if errors.Is(err, target.ErrUnknownConsumer) || errors.Is(err, target.ErrNoDeadLetter) {
		return usageError{err}
	}
	return err
}
