package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/lambda"
)

// functions are what the test binary is when it is started as a function.
var functions = map[string]func(){
	"numbers": func() {
		lambda.Start(os.Getenv, func(_ context.Context, rt lambda.Runtime) (func(context.Context, int) ([]int, error), error) {
			return func(ctx context.Context, n int) ([]int, error) { return numbers(ctx, rt.Logger, n) }, nil
		})
	},
	"debug": func() {
		getenv := func(name string) string {
			if name == "AWS_LAMBDA_LOG_LEVEL" {
				return "DEBUG"
			}
			return os.Getenv(name)
		}
		lambda.Start(getenv, func(_ context.Context, rt lambda.Runtime) (func(context.Context, int) ([]int, error), error) {
			return func(ctx context.Context, n int) ([]int, error) { return numbers(ctx, rt.Logger, n) }, nil
		})
	},
	"http": func() {
		lambda.StartHTTP(os.Getenv, func(_ context.Context, rt lambda.Runtime) (http.Handler, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := event.WithTrace(r.Context(), event.Trace{CorrelationID: "theirs"})
				rt.Logger.InfoContext(ctx, "asked", "requestId", r.Header.Get("X-Request-Id"))
				w.WriteHeader(http.StatusTeapot)
			}), nil
		})
	},
	"broken": func() {
		lambda.Start(os.Getenv, func(context.Context, lambda.Runtime) (func(context.Context, int) (int, error), error) {
			return nil, errors.Join(errors.New("TABLE is not set"), errors.New("BUS is not set"))
		})
	},
}

func numbers(ctx context.Context, logger *slog.Logger, n int) ([]int, error) {
	switch n {
	case -1:
		return nil, errors.New("ada@example.com has no seat")
	case -2:
		panic("ada@example.com")
	case -3:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	logger.DebugContext(ctx, "not at this level")
	logger.InfoContext(ctx, "counting", "n", n)
	left := 0
	if deadline, ok := ctx.Deadline(); ok {
		left = int(time.Until(deadline).Milliseconds())
	}
	return []int{n, left}, nil
}

func TestMain(m *testing.M) {
	if f := functions[os.Getenv("TEST_FUNCTION")]; f != nil {
		f()
	}
	os.Exit(m.Run())
}

// call is one invocation, and what came of it.
type call struct {
	payload string
	left    time.Duration // of Lambda's deadline; a minute when 0
	answer  string
	failure string
}

// process is a function that has run.
type process struct {
	code   int
	stdout []map[string]any
	stderr string
}

// run starts the function, plays the Runtime API to it, and ends it after the last
// invocation's answer.
func run(t *testing.T, function string, calls ...*call) process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	next := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/next") {
			if next == len(calls) {
				cancel()
				<-r.Context().Done() // the process is gone
				return
			}
			c := calls[next]
			left := c.left
			if left == 0 {
				left = time.Minute
			}
			h := w.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", "invocation-"+strconv.Itoa(next))
			h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(left).UnixMilli(), 10))
			h.Set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
			_, _ = io.WriteString(w, c.payload)
			next++
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c := calls[next-1]
		switch r.URL.Path {
		case fmt.Sprintf("/2018-06-01/runtime/invocation/invocation-%d/response", next-1):
			c.answer = string(body)
		case fmt.Sprintf("/2018-06-01/runtime/invocation/invocation-%d/error", next-1):
			c.failure = string(body)
		default:
			t.Errorf("asked %s", r.URL.Path)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer api.Close()
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(os.Environ(), "TEST_FUNCTION="+function, "AWS_LAMBDA_RUNTIME_API="+api.Listener.Addr().String())
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	p := process{code: command.ProcessState.ExitCode(), stderr: stderr.String()}
	for line := range strings.Lines(stdout.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		p.stdout = append(p.stdout, record)
	}
	return p
}

func (p process) find(t *testing.T, text string) map[string]any {
	t.Helper()
	i := slices.IndexFunc(p.stdout, func(r map[string]any) bool { return r["message"] == text })
	if i < 0 {
		t.Fatalf("%q is not in the log: %v, %s", text, p.stdout, p.stderr)
	}
	return p.stdout[i]
}

func TestInvocationsAreAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	first, second := &call{payload: "7"}, &call{payload: "8"}
	p := run(t, "numbers", first, second)
	for i, c := range []*call{first, second} {
		var out []int
		if err := json.Unmarshal([]byte(c.answer), &out); err != nil {
			t.Fatalf("%v: %s %s", err, c.answer, c.failure)
		}
		limit := int((time.Minute - lambda.Margin).Milliseconds())
		if out[0] != 7+i || out[1] > limit || out[1] <= 0 {
			t.Errorf("got %d with %d ms left; want at most %d", out[0], out[1], limit)
		}
	}
	if len(p.stdout) != 2 || p.stderr != "" {
		t.Fatalf("logged %v, %s", p.stdout, p.stderr)
	}
	for i, r := range p.stdout {
		want := map[string]any{
			"level": "INFO", "message": "counting", "n": float64(7 + i),
			"requestId": "invocation-" + strconv.Itoa(i), "xrayTraceId": "1-5759e988-bd862e3fe1be46a994272793",
		}
		if i == 0 {
			want["coldStart"] = true
		}
		delete(r, "timestamp")
		if fmt.Sprint(r) != fmt.Sprint(want) {
			t.Errorf("logged %v, want %v", r, want)
		}
	}
}

func TestFailuresAreToldToTheLogAlone(t *testing.T) {
	t.Parallel()
	calls := []*call{
		{payload: "-1"},
		{payload: "-2"},
		{payload: `"seven"`},
		{payload: "-3", left: lambda.Margin + 10*time.Millisecond},
		{payload: "1"}, // the process lives on
	}
	p := run(t, "numbers", calls...)
	for i, c := range calls[:4] {
		const want = `{"errorMessage":"the invocation failed; its log says why","errorType":"failed"}`
		if c.failure != want || c.answer != "" {
			t.Errorf("invocation %d: the caller gets %s%s", i, c.failure, c.answer)
		}
	}
	if calls[4].failure != "" || calls[4].answer == "" {
		t.Errorf("the last invocation got %s", calls[4].failure)
	}
	var told []string
	for _, r := range p.stdout {
		switch r["message"] {
		case "invocation failed":
			told = append(told, fmt.Sprint(r["requestId"], " ", r["error"]))
		case "invocation panicked":
			told = append(told, fmt.Sprint(r["requestId"], " ", r["panic"]))
			if !strings.Contains(fmt.Sprint(r["stack"]), "lambda_test.numbers") {
				t.Errorf("the stack is %v", r["stack"])
			}
		}
	}
	want := []string{
		"invocation-0 ada@example.com has no seat",
		"invocation-1 ada@example.com",
		"invocation-2 payload: json: cannot unmarshal string into Go value of type int",
		"invocation-3 context deadline exceeded",
	}
	if !slices.Equal(told, want) || p.stderr != "" {
		t.Errorf("logged %q, %s", told, p.stderr)
	}
}

func TestTheLevelIsTheFunctions(t *testing.T) {
	t.Parallel()
	p := run(t, "debug", &call{payload: "7"})
	if r := p.find(t, "not at this level"); r["level"] != "DEBUG" {
		t.Errorf("logged %v", r)
	}
}

func TestRequestsAreServed(t *testing.T) {
	t.Parallel()
	named := &call{payload: `{"version":"2.0","rawPath":"/","headers":{"x-request-id":"mine"},"requestContext":{"http":{"method":"GET"}}}`}
	unnamed := &call{payload: `{"httpMethod":"GET","path":"/","requestContext":{}}`}
	none := &call{payload: `{}`}
	p := run(t, "http", named, unnamed, none)
	if !strings.Contains(named.answer, `"statusCode":418`) || !strings.Contains(unnamed.answer, `"statusCode":418`) || none.failure == "" {
		t.Errorf("answered %s, %s, %s", named.answer, unnamed.answer, none.failure)
	}
	var ids []any
	for _, r := range p.stdout {
		if r["message"] == "asked" {
			ids = append(ids, r["requestId"])
		}
	}
	if want := []any{"mine", "invocation-1"}; !slices.Equal(ids, want) {
		t.Errorf("the requests are named %v, want %v", ids, want)
	}
	if r := p.find(t, "asked"); r["correlationId"] != "theirs" {
		t.Errorf("logged %v", r)
	}
}

func TestAFunctionThatCannotStartSaysSoInOneLine(t *testing.T) {
	t.Parallel()
	p := run(t, "broken")
	if p.code != 1 || len(p.stdout) != 1 || p.stderr != "" {
		t.Errorf("code %d, %v, %s", p.code, p.stdout, p.stderr)
	}
	if r := p.find(t, "function cannot start"); r["error"] != "TABLE is not set\nBUS is not set" || r["level"] != "ERROR" {
		t.Errorf("logged %v", r)
	}
}
