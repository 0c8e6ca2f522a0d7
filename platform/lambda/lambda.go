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
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/platform/tracing"
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
	// Metrics are of the stage that TICKETMESH_STAGE names; nil, which is one that drops
	// everything, without.
	Metrics *metrics.Log
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
func Start[In, Out any](getenv func(string) string, open func(context.Context, Runtime) (handle func(context.Context, In) (Out, error), err error), options ...Option) {
	start(getenv, open, options, func(handle func(context.Context, In) (Out, error)) invoke {
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
func StartHTTP(getenv func(string) string, open func(context.Context, Runtime) (http.Handler, error), options ...Option) {
	start(getenv, open, options, func(h http.Handler) invoke { return apigateway.Handler(h) })
}

// Option changes how a function starts.
type Option func(*settings)

type settings struct {
	recorder func(daemonAddress string) (tracing.Recorder, error)
}

// WithRecorder has segments recorded by what newRecorder returns, for instance
// xray.NewRecorder, instead of tracing.Daemon. It is asked only when Lambda says where
// X-Ray's daemon is; otherwise nothing is recorded.
func WithRecorder(newRecorder func(daemonAddress string) (tracing.Recorder, error)) Option {
	return func(s *settings) { s.recorder = newRecorder }
}

// invoke answers the payload of one invocation.
type invoke func(ctx context.Context, payload []byte) ([]byte, error)

func start[T any](getenv func(string) string, open func(context.Context, Runtime) (T, error), options []Option, adapt func(T) invoke) {
	set := settings{recorder: func(address string) (tracing.Recorder, error) {
		return tracing.NewDaemon(address, clock.System{}), nil
	}}
	for _, option := range options {
		option(&set)
	}
	logger := newLogger(os.Stdout, getenv("AWS_LAMBDA_LOG_LEVEL"))
	// The runtime's loop logs with package log, which slog passes on.
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)

	g := &guard{logger: logger, function: getenv("AWS_LAMBDA_FUNCTION_NAME")}
	if stage := getenv("TICKETMESH_STAGE"); stage != "" {
		g.metrics = metrics.New(os.Stdout, clock.System{}, stage)
	}
	if address := getenv(tracing.DaemonAddress); address != "" {
		var err error
		if g.recorder, err = set.recorder(address); err != nil {
			// A function works without.
			logger.Error("nothing is traced", "error", err)
		}
	}
	opened, err := open(context.Background(), Runtime{Getenv: getenv, Logger: logger, Metrics: g.metrics})
	if err != nil {
		logger.Error("function cannot start", "error", err)
		os.Exit(1)
	}
	g.next = adapt(opened)
	awslambda.Start(g)
}

// guard is what the runtime's loop calls.
type guard struct {
	next     invoke
	logger   *slog.Logger
	metrics  *metrics.Log
	function string           // its name
	recorder tracing.Recorder // nil: nothing is recorded
	warm     atomic.Bool
}

// Invoke implements awslambda.Handler.
func (g *guard) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	if !g.warm.Swap(true) {
		ctx = context.WithValue(ctx, coldKey{}, true)
		g.metrics.ColdStart(g.function)
	}
	ctx = g.trace(ctx)
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

// trace has ctx where Lambda has the invocation in its trace. What is published because
// of no request and no event, as jobs do it, belongs there.
func (g *guard) trace(ctx context.Context) context.Context {
	if g.recorder == nil {
		return ctx
	}
	ctx = tracing.With(ctx, g.recorder, traceHeader(ctx))
	if link, ok := tracing.From(ctx); ok {
		ctx = event.WithTrace(ctx, event.Trace{TraceParent: link.TraceParent()})
	}
	return ctx
}

// traceHeader is what Lambda has sent with the invocation.
func traceHeader(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // set by the runtime's loop
	return header
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
