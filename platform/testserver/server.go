package testserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// startTimeout bounds how long a server may take to answer on a busy machine.
const startTimeout = 2 * time.Minute

// guard runs a server, given as arguments, until its own standard input ends, which it
// does with the process that holds the other end. It leaves nothing behind, and says
// what the server said when that ended otherwise.
const guard = `folder=$1; signal=$2; shift 2
exec 3<&0
"$@" >"$folder/log" 2>&1 3<&- </dev/null &
server=$!
(read -r _ <&3; : >"$folder/told"; kill -s "$signal" "$server") 2>/dev/null &
wait "$server"
[ -e "$folder/told" ] || tail -n 20 "$folder/log" >&2
kill $! 2>/dev/null
rm -rf "$folder"`

// Server is a server that runs.
type Server struct {
	// Address is the host and port where it listens.
	Address string

	lifeline io.Closer
	ended    chan struct{}
	said     *bytes.Buffer // to be read after the end
}

// Close stops the server and waits until it has ended.
func (s *Server) Close() error {
	err := s.lifeline.Close()
	<-s.ended
	return err
}

// Installed fails when a server is missing that comes with the system: PostgreSQL or
// Redis.
func Installed() error {
	_, redis := redisProgram()
	_, postgres := postgresProgram("initdb")
	return errors.Join(redis, postgres)
}

// program is a server as a command.
type program struct {
	name string
	// signal stops it at once, whoever is connected; TERM when empty.
	signal string
	// user runs it; nil for the one who runs the tests.
	user *syscall.Credential
	// prepare makes its files in the folder, which is the user's; may be nil.
	prepare func(ctx context.Context, folder string, as *syscall.Credential) error
	// command listens on the port and keeps its files in the folder.
	command func(folder string, port int) []string
	// answers fails as long as the server at the address cannot be used.
	answers func(ctx context.Context, address string) error
}

// start starts the program and returns when it answers.
func (p program) start(ctx context.Context) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	folder, err := os.MkdirTemp("", "ticketmesh-"+p.name+"-")
	if err != nil {
		return nil, err
	}
	server, err := p.launch(ctx, folder)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", p.name, err), os.RemoveAll(folder))
	}
	if err := p.wait(ctx, server); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", p.name, err), server.Close())
	}
	return server, nil
}

func (p program) launch(ctx context.Context, folder string) (*Server, error) {
	if p.user != nil {
		if err := os.Chown(folder, int(p.user.Uid), int(p.user.Gid)); err != nil {
			return nil, err
		}
	}
	if p.prepare != nil {
		if err := p.prepare(ctx, folder, p.user); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	signal := p.signal
	if signal == "" {
		signal = "TERM"
	}
	// The context bounds the start; what was started goes on.
	command := exec.Command("/bin/sh", append([]string{"-c", guard, "guard", folder, signal}, p.command(folder, port)...)...)
	command.Dir = folder
	// Signals to the group of the tests are not for the server: it ends with them.
	command.SysProcAttr = &syscall.SysProcAttr{Credential: p.user, Setpgid: true}
	server := &Server{
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		ended:   make(chan struct{}), said: &bytes.Buffer{},
	}
	command.Stderr = server.said
	if server.lifeline, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(server.ended)
		_ = command.Wait() // a server that is stopped may say so by its exit code
	}()
	return server, nil
}

// wait returns when the server answers, or with its last failure when it ends or ctx
// does.
func (p program) wait(ctx context.Context, server *Server) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.answers(ctx, server.Address)
		select {
		case <-server.ended: // what answers is another's
			return fmt.Errorf("it ended: %s", server.said)
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-server.ended:
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
