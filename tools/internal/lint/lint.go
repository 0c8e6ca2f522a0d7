// Package lint runs the linters and compilers that are pinned in tools/pinned
// over the workspace and turns what they say into findings. It has no opinions
// of its own.
package lint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// pinned is the module that says which version of each linter runs.
const pinned = "tools/pinned"

// Format returns the files that gofumpt would change.
func Format(ctx context.Context, root string) ([]string, error) {
	folders, err := members(root)
	if err != nil {
		return nil, err
	}
	fumpt, err := build(ctx, root, "mvdan.cc/gofumpt")
	if err != nil {
		return nil, err
	}
	result := run(ctx, root, fumpt, append([]string{"-l"}, folders...)...)
	if result.err != nil && result.stdout == "" {
		return nil, result.failure()
	}
	findings := lines(result.stdout)
	for i := range findings {
		findings[i] += ": is not formatted as gofumpt has it"
	}
	return findings, nil
}

// FormatWrite has gofumpt change the files.
func FormatWrite(ctx context.Context, root string) error {
	folders, err := members(root)
	if err != nil {
		return err
	}
	fumpt, err := build(ctx, root, "mvdan.cc/gofumpt")
	if err != nil {
		return err
	}
	return run(ctx, root, fumpt, append([]string{"-w"}, folders...)...).failure()
}

// Vet returns what go vet says about all modules.
func Vet(ctx context.Context, root string) ([]string, error) {
	result := run(ctx, root, "go", "vet", "work")
	if result.err == nil {
		return nil, nil
	}
	// Headings begin with a number sign; a failure may have nothing but them.
	findings := slices.DeleteFunc(lines(result.stderr), func(line string) bool { return strings.HasPrefix(line, "#") })
	if len(findings) == 0 {
		return nil, result.failure()
	}
	return findings, nil
}

// Static returns what staticcheck says about all modules.
func Static(ctx context.Context, root string) ([]string, error) {
	static, err := build(ctx, root, "honnef.co/go/tools/cmd/staticcheck")
	if err != nil {
		return nil, err
	}
	result := run(ctx, root, static, "work")
	if result.err != nil && result.stdout == "" {
		return nil, result.failure()
	}
	// A package that does not compile has a heading of its own.
	return slices.DeleteFunc(lines(result.stdout), func(line string) bool { return strings.HasPrefix(line, "-: #") }), nil
}

// ErrNoVulnerabilityData reports that nothing is known about vulnerabilities,
// since their database cannot be reached.
var ErrNoVulnerabilityData = errors.New("vulnerability data cannot be had here")

// Vulnerabilities returns what govulncheck says about all modules, or
// ErrNoVulnerabilityData.
func Vulnerabilities(ctx context.Context, root string) ([]string, error) {
	vulncheck, err := build(ctx, root, "golang.org/x/vuln/cmd/govulncheck")
	if err != nil {
		return nil, err
	}
	result := run(ctx, root, vulncheck, "work")
	switch {
	case result.err == nil:
		return nil, nil
	case Unreachable(result.stderr):
		return nil, ErrNoVulnerabilityData
	}
	// 3 says that vulnerabilities were found; everything else is its own failure.
	var exit *exec.ExitError
	if errors.As(result.err, &exit) && exit.ExitCode() == 3 {
		return lines(result.stdout), nil
	}
	return nil, result.failure()
}

// Unreachable says whether govulncheck failed because it could not fetch its
// data over the network, and for no other reason.
func Unreachable(stderr string) bool {
	_, reason, found := strings.Cut(stderr, "fetching vulnerabilities: Get ")
	if !found {
		return false
	}
	for _, network := range []string{
		"no such host", "connection refused", "connection reset", "network is unreachable", "no route to host",
		"i/o timeout", "TLS handshake timeout", "context deadline exceeded", "proxyconnect", "server misbehaving", "EOF", "Forbidden", "x509:",
	} {
		if strings.Contains(reason, network) {
			return true
		}
	}
	return false
}

// members are the folders of the workspace's modules, without the root's, which
// holds all others.
func members(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, use := range work.Use {
		if folder := filepath.Clean(use.Path); folder != "." {
			folders = append(folders, folder)
		}
	}
	return folders, nil
}

// build builds a pinned linter and returns where it is. Built before, it takes a
// moment.
func build(ctx context.Context, root, linter string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(root, ".cache", "tools", filepath.Base(linter))
	command := exec.CommandContext(ctx, "go", "build", "-o", binary, linter)
	command.Dir = filepath.Join(root, pinned)
	command.Env = append(command.Environ(), "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", linter, err, bytes.TrimSpace(output))
	}
	return binary, nil
}

type result struct {
	command        string
	stdout, stderr string
	err            error
}

// failure is the error with all that was said, or nil.
func (r result) failure() error {
	if r.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w\n%s%s", filepath.Base(r.command), r.err, r.stdout, r.stderr)
}

func run(ctx context.Context, root, binary string, arguments ...string) result {
	command := exec.CommandContext(ctx, binary, arguments...)
	command.Dir = root
	command.Env = append(command.Environ(), "GOWORK=")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	return result{binary, stdout.String(), stderr.String(), err}
}

func lines(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
