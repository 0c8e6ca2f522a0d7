package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/tools/internal/cloud"
)

// scenario is something that people do with the mesh. It may be played again and again:
// what it makes is new each time.
type scenario struct {
	name string
	play func(a *attempt)
}

// patience bounds a scenario. It waits for nothing that does not come, so that only what
// hangs takes so long.
const patience = 2 * time.Minute

// attempt is a run of a scenario, which ends at the first thing that is wrong.
type attempt struct {
	*mesh
	ctx context.Context
	err error
}

// try plays a scenario and returns what is wrong.
func (m *mesh) try(ctx context.Context, s scenario) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a := &attempt{mesh: m, ctx: ctx}
	// What is in the tables costs the emulator time with every transaction.
	if err := m.Reset(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.play(a)
		a.well()
	}()
	<-done
	return a.err
}

// fail ends the attempt.
func (a *attempt) fail(format string, arguments ...any) {
	_, file, line, _ := runtime.Caller(1)
	a.err = fmt.Errorf("%s:%d: %w", file[strings.LastIndexByte(file, '/')+1:], line, fmt.Errorf(format, arguments...))
	runtime.Goexit()
}

func (a *attempt) ok(err error) {
	if err != nil {
		a.fail("%w", err)
	}
}

// well fails when something happened that must not.
func (a *attempt) well() { a.ok(a.Problems()) }

// settle has everything that is on its way arrive, and be handled.
func (a *attempt) settle() { a.ok(a.Settle(a.ctx)) }

// person is somebody who is signed in.
type person struct {
	cloud.User
	token string
}

// signIn signs somebody new in.
func (a *attempt) signIn(groups ...string) person {
	name := id.New().String()
	u := cloud.User{ID: name, Email: name + "@example.com", Groups: groups}
	token, err := a.SignIn(a.ctx, u)
	a.ok(err)
	return person{u, token}
}

// nobody is not signed in.
var nobody person

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (r answer) String() string { return fmt.Sprintf("%d %s", r.status, r.body) }

// code is that of a problem.
func (r answer) code() string {
	var problem struct{ Code string }
	if json.Unmarshal(r.body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// send sends a request. body is JSON, or nothing; headers come in pairs.
func (a *attempt) send(method, url string, as person, body any, headers ...string) answer {
	var encoded io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case []byte:
		encoded = bytes.NewReader(b)
	default:
		text, err := json.Marshal(body)
		a.ok(err)
		encoded = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(a.ctx, method, url, encoded)
	a.ok(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if as.token != "" {
		r.Header.Set("Authorization", "Bearer "+as.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	a.ok(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	a.ok(err)
	return answer{response.StatusCode, response.Header, text}
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// call calls the API and wants a status; into, if not nil, gets the answer.
func (a *attempt) call(status int, method, path string, as person, body, into any, headers ...string) answer {
	got := a.send(method, a.URL+path, as, body, headers...)
	if got.status != status {
		a.fail("%s %s answers %v, want %d (%w)", method, path, got, status, a.Problems())
	}
	if into != nil {
		a.ok(json.Unmarshal(got.body, into))
	}
	return got
}

// mesh runs the command as the operator does, with an input, and returns what it prints.
func (a *attempt) command(stdin string, arguments ...string) string {
	c := exec.CommandContext(a.ctx, a.binary, append(arguments, "--target", "aws", "--stage", stage)...)
	c.Env = []string{"AWS_ENDPOINT_URL=" + a.Endpoint, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=" + cloud.Operator, "AWS_SECRET_ACCESS_KEY=secret", "HOME=/nonexistent"}
	c.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		a.fail("mesh %s: %w: %s", strings.Join(arguments, " "), err, &stderr)
	}
	return stdout.String()
}

type object = map[string]any
