package coldstart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a function may take to start.
const patience = time.Minute

// runtime is a Runtime API that has no invocation to give.
type runtime struct {
	server   *http.Server
	listener net.Listener
	asked    chan time.Time
}

func newRuntime() (*runtime, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &runtime{listener: listener, asked: make(chan time.Time, 1)}
	r.server = &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		at := time.Now()
		if strings.HasSuffix(request.URL.Path, "/runtime/invocation/next") {
			select {
			case r.asked <- at:
			default: // of a process that has been given up
			}
		}
		<-request.Context().Done() // the process is ended
	})}
	go func() { _ = r.server.Serve(listener) }() // ends by close
	return r, nil
}

func (r *runtime) close() error { return r.server.Close() }

// environment is what Lambda and the templates set: something for each variable that a
// function asks for. Nothing is at the addresses, which nobody may need at a start.
func (r *runtime) environment() []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + r.listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=function", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=test",
		"AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000",
		"TICKETMESH_STAGE=test", "TICKETMESH_TABLE=table", "TICKETMESH_BUS=bus",
		"TICKETMESH_ISSUER=https://issuer.example", "TICKETMESH_AUDIENCE=web", "TICKETMESH_CORS_ORIGINS=https://shop.example",
		"TICKETMESH_PARAMETERS=/ticketmesh/test", "TICKETMESH_SHOWS_URL=https://api.example/shows",
		"TICKETMESH_DATABASE_SECRET=arn:aws:secretsmanager:eu-central-1:123456789012:secret:database",
		"TICKETMESH_CACHE=127.0.0.1:9", "TICKETMESH_CACHE_TLS=true", "TICKETMESH_BUCKET=bucket",
		"TICKETMESH_MAIL_FROM=tickets@example.com", "TICKETMESH_MAIL_SET=mail", "TICKETMESH_MAIL_RATE=10", "TICKETMESH_NOTIFICATIONS_URL=https://api.example.com", "TICKETMESH_SITE_URL=https://shop.example",
		"TICKETMESH_CODE_KEY_SECRET=arn:aws:secretsmanager:eu-central-1:123456789012:secret:code-key",
		"TICKETMESH_PAYMENTS=test,stripe", "TICKETMESH_PAYMENTS_SECRET=arn:aws:secretsmanager:eu-central-1:123456789012:secret:payments",
	}
}

// start starts the binary once with a share of a CPU and returns how long it took until
// it asked for its first invocation. A shell that becomes the binary puts it into its
// group; its own start, a millisecond, is in every time.
func start(ctx context.Context, r *runtime, binary string, share float64, period time.Duration) (took time.Duration, err error) {
	members := "/dev/null"
	if share < 1 {
		g, failed := newGroup(cgroups, share, period, func(string) error { return nil })
		if failed != nil {
			return 0, failed
		}
		members = g.members()
		defer func() { err = errors.Join(err, g.remove()) }()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, "/bin/sh", "-c", `echo $$ > "$1" && exec "$0"`, binary, members)
	command.Env = r.environment()
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case at := <-r.asked:
		cancel()
		<-ended
		return at.Sub(began), nil
	case err := <-ended:
		return 0, fmt.Errorf("ended before it asked for an invocation (%w): %s", errors.Join(err, ctx.Err()), output.String())
	}
}

const cgroups = "/sys/fs/cgroup"
