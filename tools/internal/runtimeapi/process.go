package runtimeapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"sync"
	"time"

	"ticketmesh.dev/tools/internal/process"
)

// patience is how long a function may take to start.
const patience = time.Minute

// Process is a function's process with a Runtime API of its own: one execution
// environment, which is given one invocation at a time.
type Process struct {
	api     *API
	command *exec.Cmd
	ended   chan struct{}
	err     error // how it ended; set before ended is closed
	said    tail

	turn sync.Mutex
}

// Config says what is started.
type Config struct {
	Binary      string
	Name        string // of the function
	MemoryMB    int
	Environment []string // beside what Lambda itself sets
	Log         io.Writer
}

// Start starts a process and returns when it asks for its first invocation. One that
// ends instead is an *Ended.
func Start(ctx context.Context, c Config) (*Process, error) {
	api, err := New()
	if err != nil {
		return nil, err
	}
	p := &Process{api: api, ended: make(chan struct{})}
	p.command = exec.Command(c.Binary)
	p.command.Env = append(api.Variables(c.Name, c.MemoryMB), c.Environment...)
	p.command.SysProcAttr = process.Bound()
	p.command.Stdout = io.MultiWriter(&p.said, c.Log)
	p.command.Stderr = p.command.Stdout
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(err, api.Close())
	}
	go func() {
		if p.err = p.command.Wait(); p.err == nil {
			p.err = errExited
		}
		close(p.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-api.Asked():
		return p, nil
	case <-p.ended:
		return nil, errors.Join(p.end("asked for an invocation"), api.Close())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), p.Stop())
	}
}

func (p *Process) end(when string) error { return &Ended{when, p.err, p.said.String()} }

// Invoke has the process answer an invocation, after those before. It is an *Ended when
// the process ends instead, and a *FunctionError when the function says so. After the
// deadline nothing is waited for; the process is then to be stopped, as Lambda does.
func (p *Process) Invoke(ctx context.Context, i Invocation) ([]byte, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	ctx, cancel := context.WithDeadline(ctx, i.Deadline)
	defer cancel()
	go func() {
		select {
		case <-p.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	answer, err := p.api.Invoke(ctx, i)
	select {
	case <-p.ended:
		if err != nil {
			err = p.end("answered")
		}
	default:
	}
	return answer, err
}

// Stop ends the process.
func (p *Process) Stop() error {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
	return p.api.Close()
}

// tail keeps the end of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
