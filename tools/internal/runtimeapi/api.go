// Package runtimeapi starts functions as Lambda does: their binaries as processes that
// ask a Runtime API for invocations. It is the API, and what Lambda does around a
// process; which functions there are, what their environment says and who invokes them is
// others' business.
package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"ticketmesh.dev/platform/id"
)

// maxPayloadBytes is what Lambda takes as an answer, 6 MiB.
const maxPayloadBytes = 6 << 20

// prefix is the version of the API that functions speak.
const prefix = "/2018-06-01/runtime/"

// Invocation is what a function is asked.
type Invocation struct {
	Payload  []byte
	Deadline time.Time
	ARN      string // as the function was named
	Trace    string // X-Ray's header; empty, there is none
}

// FunctionError is what a function answers that failed.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// API is the Runtime API of one process at a time.
type API struct {
	server   *http.Server
	listener net.Listener
	asked    chan time.Time
	next     chan *call

	mu      sync.Mutex
	running map[string]*call // by request id
}

type call struct {
	Invocation
	answer chan answer
}

type answer struct {
	payload []byte
	err     error
}

// New starts an API on a free port of this machine.
func New() (*API, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &API{listener: listener, asked: make(chan time.Time, 1), next: make(chan *call), running: make(map[string]*call)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"invocation/next", a.serveNext)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/response", a.serveResponse)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/error", a.serveError)
	a.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: mux}
	go func() { _ = a.server.Serve(listener) }() // ends by Close
	return a, nil
}

// Close ends the API and its connections.
func (a *API) Close() error { return a.server.Close() }

// Address is for AWS_LAMBDA_RUNTIME_API.
func (a *API) Address() string { return a.listener.Addr().String() }

// Asked gives the time when a process asked for an invocation: the first one that nobody
// has taken from it yet.
func (a *API) Asked() <-chan time.Time { return a.asked }

// Invoke gives an invocation to the process that asks next, and returns what it answers:
// a *FunctionError when that is one.
func (a *API) Invoke(ctx context.Context, i Invocation) ([]byte, error) {
	c := &call{Invocation: i, answer: make(chan answer, 1)}
	select {
	case a.next <- c:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case got := <-c.answer:
		return got.payload, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *API) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case a.asked <- time.Now():
	default:
	}
	var c *call
	select {
	case c = <-a.next:
	case <-r.Context().Done():
		return // the process has ended
	}
	name := id.New().String()
	a.mu.Lock()
	a.running[name] = c
	a.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", name)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.Deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", c.ARN)
	if c.Trace != "" {
		h.Set("Lambda-Runtime-Trace-Id", c.Trace)
	}
	_, _ = w.Write(c.Payload) // who is gone has ended, which its owner sees
}

// settle ends an invocation. Each ends once.
func (a *API) settle(w http.ResponseWriter, r *http.Request, with answer) {
	a.mu.Lock()
	c, ok := a.running[r.PathValue("id")]
	delete(a.running, r.PathValue("id"))
	a.mu.Unlock()
	if !ok {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	c.answer <- with
	w.WriteHeader(http.StatusAccepted)
}

func (a *API) serveResponse(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayloadBytes+1))
	if err == nil && len(payload) > maxPayloadBytes {
		err = &FunctionError{"Function.ResponseSizeTooLarge", fmt.Sprintf("the answer has more than %d bytes", maxPayloadBytes)}
	}
	a.settle(w, r, answer{payload, err})
}

func (a *API) serveError(w http.ResponseWriter, r *http.Request) {
	failure := &FunctionError{}
	if err := json.NewDecoder(r.Body).Decode(failure); err != nil {
		failure = &FunctionError{r.Header.Get("Lambda-Runtime-Function-Error-Type"), "an error that is no JSON"}
	}
	a.settle(w, r, answer{nil, failure})
}

// Variables are those that Lambda itself sets for a process with this API, but region and
// credentials.
func (a *API) Variables(function string, memoryMB int) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + a.Address(),
		"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(memoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + function, "AWS_LAMBDA_LOG_STREAM_NAME=1",
		"_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=/var/task", "TZ=:UTC",
	}
}

// Ended is the error of a process that has ended.
type Ended struct {
	When   string // before what
	Err    error  // how
	Output string // what it said last
}

func (e *Ended) Error() string {
	return strings.TrimRight(fmt.Sprintf("ended before it %s (%v): %s", e.When, e.Err, e.Output), "\n")
}

func (e *Ended) Unwrap() error { return e.Err }

var errExited = errors.New("exit status 0")
