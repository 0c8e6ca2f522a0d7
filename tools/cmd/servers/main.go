// Command servers runs a command, for instance go test, with the servers that tests
// need beside it: moto server, PostgreSQL and Redis, each started once and named in the
// environment. What of them is missing it installs first, where it may, and the tools
// for templates, which tests of these need too. It exits as the command does.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/tools/internal/debian"
	"ticketmesh.dev/tools/internal/python"
	"ticketmesh.dev/tools/internal/sam"
)

func main() {
	// The terminal sends signals to the command too: what stops that ends this.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, arguments []string) (code int, err error) {
	if len(arguments) == 0 {
		return 2, errors.New("a command is needed, for instance: servers go test work")
	}
	if err := install(ctx); err != nil {
		return 1, err
	}
	servers, err := start(ctx)
	defer func() { err = errors.Join(err, servers.close()) }()
	if err != nil {
		return 1, err
	}
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = os.Environ()
	for variable, server := range servers {
		command.Env = append(command.Env, variable+"="+server.Address)
	}
	if err := command.Start(); err != nil {
		return 1, err
	}
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
		err = <-done
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	default:
		return 1, err
	}
}

func install(ctx context.Context) error {
	if testserver.Installed() != nil {
		if err := debian.Install(ctx, "postgresql", "redis-server"); err != nil {
			return err
		}
	}
	err := tools(ctx)
	if errors.Is(err, python.ErrMissing) && debian.Install(ctx, "python3", "python3-venv") == nil {
		err = tools(ctx)
	}
	return err
}

// tools installs what tests run from PyPI: moto server, and what reads templates.
func tools(ctx context.Context) error {
	for _, set := range []string{"moto", sam.Set} {
		if _, err := python.Install(ctx, ".", set); err != nil {
			return err
		}
	}
	return nil
}

// running are servers by the variable that names each.
type running map[string]*testserver.Server

// start starts the servers side by side. Those that run are returned with an error too.
func start(ctx context.Context) (running, error) {
	starts := []struct {
		variable string
		start    func(context.Context) (*testserver.Server, error)
	}{
		{testserver.EnvMoto, testserver.StartMoto},
		{testserver.EnvPostgreSQL, testserver.StartPostgreSQL},
		{testserver.EnvRedis, testserver.StartRedis},
	}
	started := make([]*testserver.Server, len(starts))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range starts {
		group.Go(func() (err error) {
			started[i], err = s.start(ctx)
			return err
		})
	}
	err := group.Wait()
	servers := running{}
	for i, s := range starts {
		if started[i] != nil {
			servers[s.variable] = started[i]
		}
	}
	return servers, err
}

func (r running) close() error {
	var errs []error
	for _, server := range r {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
