// Package npm runs the tools that tools/pinned has from npm, at the versions its
// lock file names. Generating and checking need them; what is built, tested or
// run never does.
package npm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrMissing reports that there is no Node.js or no npm, and says how to get both.
var ErrMissing = errors.New("npm and Node.js are needed for this: apt-get install nodejs npm, or https://nodejs.org")

// manifests say what is installed.
var manifests = []string{"package.json", "package-lock.json", ".npmrc"}

// Install installs the tools below the workspace at root unless those that its
// manifests name are there already, and returns their folder. It needs the
// network the first time, runs no code of what it installs, and must not be
// called twice at once for a workspace. Without Node.js it is ErrMissing.
func Install(ctx context.Context, root string) (string, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", ErrMissing
		}
	}
	folder, err := filepath.Abs(filepath.Join(root, "tools", "pinned"))
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, name := range manifests {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
	}
	wanted := []byte(hex.EncodeToString(hash.Sum(nil)))
	// npm removes the whole folder before it installs, so the mark is there only
	// when an installation was finished.
	modules := filepath.Join(folder, "node_modules")
	mark := filepath.Join(modules, ".installed")
	installed, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if bytes.Equal(installed, wanted) {
		return modules, nil
	}
	command := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci in tools/pinned: %w\n%s", err, bytes.TrimSpace(output))
	}
	return modules, os.WriteFile(mark, wanted, 0o644)
}

// Command returns the command that runs an installed tool in root: a script,
// given by its path below node_modules. See Install for its errors.
func Command(ctx context.Context, root, script string, arguments ...string) (*exec.Cmd, error) {
	modules, err := Install(ctx, root)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "node", append([]string{filepath.Join(modules, filepath.FromSlash(script))}, arguments...)...)
	command.Dir = root
	return command, nil
}
