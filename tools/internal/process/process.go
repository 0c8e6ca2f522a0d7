// Package process starts the mesh binary as a process of its own, as a user
// would, for the benchmark and for tests.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startTimeout bounds how long the mesh may take until it is ready.
const startTimeout = 60 * time.Second

// Mesh is a running mesh.
type Mesh struct {
	URL     string
	command *exec.Cmd
	done    chan struct{}
	err     error
}

// Start runs `<binary> up` with the arguments on a free port and returns once it
// says that it is ready. Its log goes to stderr.
func Start(ctx context.Context, binary, data string, stderr io.Writer, args ...string) (*Mesh, error) {
	command := exec.Command(binary, append([]string{"up", "--addr", "127.0.0.1:0", "--data", data}, args...)...)
	command.Stderr = stderr
	command.SysProcAttr = Bound() // the mesh must not outlive whoever started it
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	m := &Mesh{command: command, done: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if url, found := strings.CutPrefix(lines.Text(), "ready "); found {
				ready <- url
			}
		}
		m.err = command.Wait()
		close(m.done)
	}()
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case m.URL = <-ready:
		return m, nil
	case <-m.done:
		return nil, fmt.Errorf("the mesh stopped before it was ready: %w", errors.Join(m.err, errors.New("see its log")))
	case <-timeout.C:
		return nil, errors.Join(errors.New("the mesh was not ready in time"), m.Kill())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), m.Kill())
	}
}

// Stop asks the mesh to drain and stop, and returns how it ended.
func (m *Mesh) Stop() error {
	if err := m.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-m.done
	return m.err
}

// Kill ends the mesh at once, as kill -9 does.
func (m *Mesh) Kill() error {
	if err := m.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-m.done
	return nil
}

// Done is closed when the process has ended.
func (m *Mesh) Done() <-chan struct{} { return m.done }

// PeakMemoryMiB returns the most memory the process has had resident (VmHWM).
func (m *Mesh) PeakMemoryMiB() (float64, error) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(m.command.Process.Pid) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no VmHWM in the process's status")
}
