package runtimeapi

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Build builds a package of the workspace at root as functions are deployed, but for
// this machine's processor.
func Build(ctx context.Context, root, from, to string) error {
	command := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", to, from)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", from, err, output)
	}
	return nil
}
