// Package python installs the tools that tools/pinned/python has from PyPI, at the
// versions and with the hashes that its requirements name: each set of tools in an
// environment of its own. Tests, checks and fuzzing need them; what is built or run
// never does.
package python

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
	"syscall"
)

// ErrMissing reports that there is no Python that will do, and says how to get one.
var ErrMissing = errors.New("a Python of 3.11 or later, with venv, is needed for this: apt-get install python3-venv, or https://python.org")

// names are what a Python may be called. A plain python3 can be older than another.
var names = []string{"python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"}

// fits fails in a Python that is too old or cannot make an environment.
const fits = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"

// Install installs the tools of tools/pinned/python/<set>.txt into
// .cache/python/<set> below the workspace at root unless those that the
// requirements name are there already, and returns the folder of their programs. It
// needs the network the first time; who asks while somebody else installs waits for
// that, in another process too. Without a Python it is ErrMissing.
func Install(ctx context.Context, root, set string) (programs string, err error) {
	root, err = filepath.Abs(root)
	if err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(root, ".cache", "python", set+".lock"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return install(ctx, root, set)
}

// lock returns once nobody else has the file locked. The system unlocks it when the
// process ends, however that happens.
func lock(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

func install(ctx context.Context, root, set string) (string, error) {
	requirements := filepath.Join(root, "tools", "pinned", "python", set+".txt")
	content, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	wanted := []byte(hex.EncodeToString(sum[:]))
	folder := filepath.Join(root, ".cache", "python", set)
	programs := filepath.Join(folder, "bin")
	// The environment is made anew for other requirements, so the mark is there
	// only when an installation was finished.
	mark := filepath.Join(folder, ".installed")
	installed, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if bytes.Equal(installed, wanted) && runs(ctx, filepath.Join(programs, "python"), "") {
		return programs, nil
	}
	python, err := find(ctx)
	if err != nil {
		return "", err
	}
	for _, arguments := range [][]string{
		{python, "-m", "venv", "--clear", folder},
		{
			filepath.Join(programs, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
			// The requirements are complete; pip itself wants extras repeated, which they are not.
			"--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", requirements,
		},
	} {
		command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
		if output, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", command.Args, err, bytes.TrimSpace(output))
		}
	}
	return programs, os.WriteFile(mark, wanted, 0o644)
}

func find(ctx context.Context) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil && runs(ctx, path, fits) {
			return path, nil
		}
	}
	return "", ErrMissing
}

// runs reports whether a Python is there and a program succeeds in it. What is
// called python can be something that only says how to get one.
func runs(ctx context.Context, python, program string) bool {
	return exec.CommandContext(ctx, python, "-c", program).Run() == nil
}
