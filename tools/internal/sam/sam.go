// Package sam runs the AWS SAM CLI that tools/pinned has, on the folder of a stack, so
// that what it builds is what is deployed: no workspace, no C, no symbols. It needs
// Python, see package python, and knows no stack.
package sam

import (
	"context"
	"os/exec"
	"path/filepath"

	"ticketmesh.dev/tools/internal/python"
)

// Set is the set of tools in tools/pinned/python that has the CLI and the linters of
// templates.
const Set = "sam"

// environment is what functions are built in. SAM's builder for Go takes no linker
// flags, but passes the environment on to go build. The linker's -s implies its -w.
var environment = []string{
	"GOWORK=off",
	"CGO_ENABLED=0",
	"GOFLAGS=-buildvcs=false -tags=lambda.norpc -ldflags=-s",
	"SAM_CLI_TELEMETRY=0",
}

// Command returns sam with arguments, to be run in folder, a stack's. It installs the
// tools first when they are not there. Without a Python it is python.ErrMissing.
func Command(ctx context.Context, root, folder string, arguments ...string) (*exec.Cmd, error) {
	programs, err := python.Install(ctx, root, Set)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, filepath.Join(programs, "sam"), arguments...)
	command.Dir = folder
	command.Env = append(command.Environ(), environment...)
	return command, nil
}
