package aws_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/platform/tracing/daemontest"
	"ticketmesh.dev/tools/internal/cloud"
	"ticketmesh.dev/tools/internal/stacks"
)

const (
	root  = "../../.."
	stage = "dev"
	// origin is that of a page which may call the APIs.
	origin = "https://shop.example.com"
)

// parameters are those in which the stage differs from its samconfig.toml: so that both
// kinds of authorizers are there, a cache, and an origin.
var parameters = map[string]map[string]string{
	"mesh":  {"CorsOrigins": origin},
	"data":  {"Cache": "valkey"},
	"shows": {"Cache": "valkey"},
	"info":  {"Authorizer": "lambda"},
}

// mesh is the deployed mesh with what tests need beside it.
type mesh struct {
	*cloud.Cloud
	binary string // of the command
	xray   *daemontest.Daemon
	log    *logBuffer
}

// deploy deploys the stage and starts what runs it.
func deploy(t *testing.T) *mesh {
	t.Helper()
	dependOnSources(t)
	templates, err := stacks.Load(t.Context(), root)
	if err == nil {
		templates, err = templates.With(t.Context(), parameters)
	}
	if err != nil {
		t.Fatal(err)
	}
	account, err := templates.Deploy(stage)
	if err != nil {
		t.Fatal(err)
	}
	// One of its own: the mesh's names are the stage's, and the others' requests would wait.
	moto, err := testserver.StartMoto(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = moto.Close() }) // it may say by its exit code that it was stopped
	m := &mesh{binary: filepath.Join(t.TempDir(), "mesh"), xray: daemontest.Start(t), log: &logBuffer{}}
	built := make(chan error, 1)
	go func() {
		output, err := exec.Command("go", "build", "-buildvcs=false", "-o", m.binary, "../../mesh").CombinedOutput()
		built <- errors.Join(err, errors.New(string(output)))
	}()
	m.Cloud, err = cloud.Start(t.Context(), cloud.Config{
		Root: root, Account: account, Moto: "http://" + moto.Address, PostgreSQL: testserver.PostgreSQL(t), Redis: testserver.Redis(t), XRay: m.xray.Address(), Log: m.log,
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, m.log)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the functions' log ends with\n%s", m.log.end())
		}
	})
	if err := <-built; !exists(m.binary) {
		t.Fatal(err)
	}
	return m
}

func exists(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// TestTheMeshOnAWS has every scenario succeed, and then everything that the templates say
// taken away in turn, so that one fails.
func TestTheMeshOnAWS(t *testing.T) {
	t.Parallel()
	m := deploy(t)
	played := map[string]record{}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			m.Used()
			began := time.Now()
			if err := m.try(t.Context(), s); err != nil {
				t.Error(err)
			}
			played[s.name] = record{m.Used(), time.Since(began)}
		})
	}
	t.Run("traced", func(t *testing.T) { traced(t, m) })
	if t.Failed() {
		return
	}
	t.Run("taken away", func(t *testing.T) { takeAway(t, m, played) })
}

// logBuffer keeps what functions log.
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

func (b *logBuffer) end() string {
	text := b.String()
	return text[max(0, len(text)-8<<10):]
}
