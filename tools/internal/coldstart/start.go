package coldstart

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"

	"ticketmesh.dev/tools/internal/runtimeapi"
)

// patience is how long a function may take to start.
const patience = time.Minute

// environment is what Lambda and the templates set: something for each variable that a
// function asks for. Nothing is at the addresses, which nobody may need at a start.
func environment(api *runtimeapi.API) []string {
	return append(api.Variables("function", 256),
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
	)
}

// start starts the binary once with a share of a CPU and returns how long it took until
// it asked for its first invocation. A shell that becomes the binary puts it into its
// group; its own start, a millisecond, is in every time.
func start(ctx context.Context, api *runtimeapi.API, binary string, share float64, period time.Duration) (took time.Duration, err error) {
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
	command.Env = environment(api)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case at := <-api.Asked():
		cancel()
		<-ended
		return at.Sub(began), nil
	case err := <-ended:
		return 0, &runtimeapi.Ended{When: "asked for an invocation", Err: errors.Join(err, ctx.Err()), Output: output.String()}
	}
}

const cgroups = "/sys/fs/cgroup"
