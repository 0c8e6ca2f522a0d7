// Package jobs is the composition root of the function jobs. It wires and decides nothing.
package jobs

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/shows"
	"ticketmesh.dev/services/shows/aws/state"
)

// Request names a job; without a name all are done.
type Request struct {
	Job string `json:"job"`
}

// Done is which jobs were done.
type Done struct {
	Jobs []string `json:"jobs"`
}

// Open opens the function that a schedule invokes every minute, and operators when
// they want to. It does a pass of each job, one after the other, and may run several
// times at once. It fails when one of them has failed; the next invocation goes on
// where that stopped.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, Request) (Done, error), error) {
	s, err := state.Open(rt)
	if err != nil {
		return nil, err
	}
	passes := shows.NewPasses(s.Store, s.Clock, rt.Logger)
	return func(ctx context.Context, r Request) (Done, error) {
		var done Done
		var failures []error
		for _, pass := range passes {
			if r.Job != "" && r.Job != pass.Name {
				continue
			}
			done.Jobs = append(done.Jobs, pass.Name)
			if err := pass.Run(ctx); err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", pass.Name, err))
			}
		}
		if len(done.Jobs) == 0 {
			return Done{}, fmt.Errorf("there is no job %q", r.Job)
		}
		return done, errors.Join(failures...)
	}, nil
}
