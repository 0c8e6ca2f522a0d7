package lint

import (
	"bytes"
	"context"
	"fmt"

	"ticketmesh.dev/tools/internal/npm"
)

// TypeScript returns what the compiler says about the types of the contracts and
// the example that uses them.
func TypeScript(ctx context.Context, root string) ([]string, error) {
	command, err := npm.Command(ctx, root, "typescript/bin/tsc", "--project", "contracts/typescript", "--noEmit", "--strict", "--pretty", "false")
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && stdout.Len() == 0 {
		return nil, fmt.Errorf("tsc: %w\n%s", err, stderr.String())
	}
	return lines(stdout.String()), nil
}
