package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	_ "ticketmesh.dev/tools/internal/mesh"
	_ "ticketmesh.dev/tools/internal/newconsumer"
	"ticketmesh.dev/tools/internal/process"
)

// patience bounds every wait for a condition. No test measures time: it is only
// so long that waiting for it means that something is broken.
const patience = 60 * time.Second

// binary is the mesh's, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "mesh-e2e")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	binary = filepath.Join(folder, "mesh")
	if err := dependOnSources(); err != nil {
		return 0, err
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "../mesh")
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build: %w\n%s", err, output)
	}
	shared.data = filepath.Join(folder, "shared")
	defer func() {
		if shared.mesh != nil {
			err = errors.Join(err, shared.mesh.Stop())
		}
		if err != nil {
			err = fmt.Errorf("the shared mesh: %w\n%s", err, shared.log.String())
		}
	}()
	return m.Run(), nil
}

// dependOnSources keeps the go command from taking old results for those of a
// changed binary: it knows what a test imports and reads in its own module, but
// not what it has built. What the binary is made of is imported here; its main
// package and the README, which testdata leads to, are read.
func dependOnSources() error {
	sources, err := filepath.Glob("../mesh/*.go")
	if err != nil {
		return err
	}
	for _, source := range sources {
		if _, err := os.ReadFile(source); err != nil {
			return err
		}
	}
	return nil
}

// shared is one mesh with demo data for all tests that neither stop it nor need
// it empty.
var shared struct {
	once sync.Once
	data string
	mesh *process.Mesh
	log  logBuffer
	err  error
}

// demoMesh returns the shared mesh.
func demoMesh(t testing.TB) *client {
	t.Helper()
	shared.once.Do(func() {
		shared.mesh, shared.err = process.Start(context.Background(), binary, shared.data, &shared.log, "--demo")
	})
	if shared.err != nil {
		t.Fatalf("%v\n%s", shared.err, shared.log.String())
	}
	return newClient(shared.mesh.URL)
}

// server is a mesh of one test, which may stop, kill and restart it. It keeps
// its address, because that is the issuer of its tokens.
type server struct {
	t    testing.TB
	data string
	args []string
	log  logBuffer
	mesh *process.Mesh
}

// startServer starts a mesh on new data, with an organizer.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	addOrganizer(t, data)
	s := &server{t: t, data: data, args: append([]string{"--addr", freeAddress(t)}, args...)}
	t.Cleanup(func() {
		if s.mesh == nil {
			return
		}
		if err := s.mesh.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("the mesh's log:\n%s", s.log.String())
		}
	})
	s.start()
	return s
}

func (s *server) start() {
	s.t.Helper()
	mesh, err := process.Start(s.t.Context(), binary, s.data, &s.log, s.args...)
	if err != nil {
		s.t.Fatalf("start: %v\n%s", err, s.log.String())
	}
	s.mesh = mesh
}

func (s *server) kill() {
	s.t.Helper()
	mesh := s.mesh
	s.mesh = nil
	if err := mesh.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

// restart stops the mesh in good order and starts it again on the same data.
func (s *server) restart() {
	s.t.Helper()
	mesh := s.mesh
	s.mesh = nil
	if err := mesh.Stop(); err != nil {
		s.t.Fatalf("stop: %v\n%s", err, s.log.String())
	}
	s.start()
}

func (s *server) client() *client { return newClient(s.mesh.URL) }

// freeAddress returns a local address that nothing listens on, below the ports
// that the system gives to clients: the address of a mesh that is down must not
// become that of a connection.
func freeAddress(t testing.TB) string {
	t.Helper()
	for try := range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+(os.Getpid()*31+try*7+len(t.Name()))%10_000))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		if _, taken := addresses.LoadOrStore(address, true); !taken {
			return address
		}
	}
	t.Fatal("no free address")
	return ""
}

var addresses sync.Map

// until waits for a condition.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-poll.C:
		case <-deadline.C:
			t.Fatalf("after %s not yet: %s", patience, what)
		}
	}
}

// logBuffer is a buffer that a process writes to while a test reads it.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
