package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// ran is how a command ended.
type ran struct {
	code           int
	stdout, stderr string
}

// meshCommand runs the binary with an input until it ends.
func meshCommand(t testing.TB, stdin string, args ...string) ran {
	t.Helper()
	return meshCommandIn(t, nil, stdin, args...)
}

// meshCommandIn is meshCommand with variables of the environment.
func meshCommandIn(t testing.TB, variables []string, stdin string, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, args...)
	command.Env = append(command.Environ(), variables...)
	command.Stdin = strings.NewReader(stdin)
	command.Dir = t.TempDir() // where there is no .mesh
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("mesh %s: %v", strings.Join(args, " "), err)
	}
	if ctx.Err() != nil {
		t.Fatalf("mesh %s did not end\n%s%s", strings.Join(args, " "), &stdout, &stderr)
	}
	return ran{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// meshOK runs a command that must succeed and returns what it prints.
func meshOK(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	got := meshCommand(t, stdin, args...)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("mesh %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// objects reads one JSON object a line.
func objects[T any](t testing.TB, lines string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(lines) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q is no JSON object: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}
