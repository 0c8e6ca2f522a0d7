// Package jobs is the composition root of the function jobs. It wires and decides nothing.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/sqs"
	"ticketmesh.dev/services/tickets"
	"ticketmesh.dev/services/tickets/aws"
	"ticketmesh.dev/services/tickets/aws/selling"
)

// wrapUp is how long before the end of an invocation nothing is begun any more: a payment provider that is asked may
// take eight seconds to answer, and then the answer has to be stored.
const wrapUp = 10 * time.Second

// Request names a pass; without a name all are done.
type Request struct {
	Job string `json:"job"`
}

// Done is which passes were done.
type Done struct {
	Jobs []string `json:"jobs"`
}

// Open opens the function that a schedule invokes every minute, and operators when they want to. It may run several times
// at once. Beside the passes that every process does it tells CloudWatch how many dead letters there are.
//
// The passes of an invocation are done side by side, so that one with much to do, or one that fails, keeps no other from
// its work; the invocation fails when one of them has failed, or has not come to its end in time. The next one goes on
// where it stopped.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, Request) (Done, error), error) {
	s, err := selling.Open(rt, aws.VarStage)
	if err != nil {
		return nil, err
	}
	queues := sdk.NewFromConfig(s.Client)
	passes := append(tickets.NewPasses(s.Selling), tickets.Pass{Name: "dead-letters", Run: func(ctx context.Context) error {
		return sqs.MeasureLetters(ctx, queues, "ticketmesh-"+s.Stage+"-", []string{tickets.PerformancesQueue}, rt.Metrics)
	}})
	return func(ctx context.Context, r Request) (Done, error) {
		chosen, err := choose(passes, r.Job)
		if err != nil {
			return Done{}, err
		}
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-wrapUp))
			defer cancel()
		}
		return run(ctx, chosen)
	}, nil
}

func choose(passes []tickets.Pass, name string) ([]tickets.Pass, error) {
	if name == "" {
		return passes, nil
	}
	i := slices.IndexFunc(passes, func(p tickets.Pass) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no job %q", name)
	}
	return passes[i : i+1], nil
}

func run(ctx context.Context, passes []tickets.Pass) (Done, error) {
	var done Done
	failures := make([]error, len(passes))
	var running sync.WaitGroup
	for i, pass := range passes {
		done.Jobs = append(done.Jobs, pass.Name)
		running.Go(func() {
			defer func() {
				if reason := recover(); reason != nil {
					failures[i] = fmt.Errorf("%s panicked: %v\n%s", pass.Name, reason, debug.Stack())
				}
			}()
			if err := pass.Run(ctx); err != nil {
				failures[i] = fmt.Errorf("%s: %w", pass.Name, err)
			}
		})
	}
	running.Wait()
	return done, errors.Join(failures...)
}
