package lint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"ticketmesh.dev/tools/internal/python"
	"ticketmesh.dev/tools/internal/sam"
)

// templates are where stacks have their templates.
var templates = []string{"services/*/template.yaml", "deploy/*/template.yaml"}

// Templates returns what cfn-lint finds in the templates of services and shared stacks,
// which it translates as SAM does. A finding that is none has its reason beside it in the
// template. It needs Python, see package python.
func Templates(ctx context.Context, root string) ([]string, error) {
	files, err := templateFiles(root)
	if err != nil {
		return nil, err
	}
	programs, err := python.Install(ctx, root, sam.Set)
	if err != nil {
		return nil, err
	}
	return cfnLint(ctx, filepath.Join(programs, "cfn-lint"), root, files...)
}

func templateFiles(root string) ([]string, error) {
	var files []string
	for _, pattern := range templates {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no %s", pattern)
		}
		files = append(files, found...)
	}
	return files, nil
}

// cfnLint runs the program on the files and returns a line for each finding, with the
// file's path below root.
func cfnLint(ctx context.Context, program, root string, files ...string) ([]string, error) {
	command := exec.CommandContext(ctx, program, append([]string{"--format", "parseable", "--"}, files...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	failure := command.Run()
	var findings []string
	for line := range strings.Lines(stdout.String()) {
		findings = append(findings, strings.TrimPrefix(strings.TrimSpace(line), root+string(filepath.Separator)))
	}
	var exit *exec.ExitError
	switch {
	// Its exit code says of which kinds the findings are: 2, 4, 8 and their sums. 1 is its own failure.
	case errors.As(failure, &exit) && exit.ExitCode() > 1 && len(findings) > 0:
		return findings, nil
	case failure != nil:
		return nil, fmt.Errorf("cfn-lint: %w\n%s", failure, stderr.String())
	default:
		return findings, nil
	}
}
