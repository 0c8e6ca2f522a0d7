// Package lambda is how a function of a service starts: what cmd/<function>/main.go
// calls with the root that opens its adapters. Around each invocation it has what every
// function needs: a deadline that leaves time to answer, a logger that names the
// invocation, and panics that neither end the process nor tell a caller why. It knows no
// service, and links no client of AWS.
package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"ticketmesh.dev/platform/apigateway"
)

// Margin is how long before Lambda ends an invocation its context does, so that there
// is time for an answer.
const Margin = 500 * time.Millisecond

// Runtime is what a root gets when the function starts.
type Runtime struct {
	// Getenv reads the environment. Nothing else may.
	Getenv func(string) string
	// Logger writes JSON to standard output. A record that is logged with the context
	// of an invocation says which one.
	Logger *slog.Logger
}

// Start opens the function and then has handle answer its invocations, whose payload is
// JSON of an In and whose answer is JSON of an Out. open runs before Lambda lets the
// first invocation in; what not every invocation needs is better opened when it is
// first needed (sync.OnceValues). Its error is logged in one line and ends the process
// with exit code 1. Start returns never.
//
// handle's context ends Margin before Lambda ends the invocation. An error of it, and a
// panic, are logged, and are the invocation's error: what Lambda, and with it whoever
// invoked the function, gets to know is only that it failed.
func Start[In, Out any](getenv func(string) string, open func(context.Context, Runtime) (handle func(context.Context, In) (Out, error), err error)) {
	start(getenv, open, func(handle func(context.Context, In) (Out, error)) invoke {
		return func(ctx context.Context, payload []byte) ([]byte, error) {
			var in In
			if err := json.Unmarshal(payload, &in); err != nil {
				return nil, fmt.Errorf("payload: %w", err)
			}
			out, err := handle(ctx, in)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		}
	})
}

// StartHTTP is Start for a function that answers API Gateway: see package apigateway.
func StartHTTP(getenv func(string) string, open func(context.Context, Runtime) (http.Handler, error)) {
	start(getenv, open, func(h http.Handler) invoke { return apigateway.Handler(h) })
}

// invoke answers the payload of one invocation.
type invoke func(ctx context.Context, payload []byte) ([]byte, error)

func start[T any](getenv func(string) string, open func(context.Context, Runtime) (T, error), adapt func(T) invoke) {
	logger := newLogger(os.Stdout, getenv("AWS_LAMBDA_LOG_LEVEL"))
	// The runtime's loop logs with package log, which slog passes on.
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)

	opened, err := open(context.Background(), Runtime{Getenv: getenv, Logger: logger})
	if err != nil {
		logger.Error("function cannot start", "error", err)
		os.Exit(1)
	}
	awslambda.Start(&guard{next: adapt(opened), logger: logger})
}

// guard is what the runtime's loop calls.
type guard struct {
	next   invoke
	logger *slog.Logger
	warm   atomic.Bool
}

// Invoke implements awslambda.Handler.
func (g *guard) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	if !g.warm.Swap(true) {
		ctx = context.WithValue(ctx, coldKey{}, true)
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-Margin))
		defer cancel()
	}
	defer func() {
		if reason := recover(); reason != nil {
			g.logger.ErrorContext(ctx, "invocation panicked", "panic", reason, "stack", string(debug.Stack()))
			answer, err = nil, errFailed
		}
	}()
	answer, err = g.next(ctx, payload)
	if err != nil {
		g.logger.ErrorContext(ctx, "invocation failed", "error", err)
		return nil, errFailed
	}
	return answer, nil
}

type coldKey struct{}

// ColdStart reports whether ctx is of the first invocation of this process: one whose
// client has waited for the start.
func ColdStart(ctx context.Context) bool {
	cold, _ := ctx.Value(coldKey{}).(bool)
	return cold
}

// failed is all that a caller is told.
type failed struct{}

var errFailed error = failed{}

func (failed) Error() string { return "the invocation failed; its log says why" }
