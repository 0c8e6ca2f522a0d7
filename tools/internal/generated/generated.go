// Package generated checks that what is generated from the contracts, code and the
// definitions for API Gateway, is what the generators make of them today. It writes beside the workspace, never into it.
package generated

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/contractgen"
	"ticketmesh.dev/tools/internal/gateway"
)

// sources are the folders of contracts that are written by hand, and are with
// asyncapi.yaml all that the generator reads.
var sources = []string{"api", "events"}

// Check returns the generated files of the workspace at root that are stale,
// missing or too many, one line each, sorted.
func Check(ctx context.Context, root string) ([]string, error) {
	scratch, err := os.MkdirTemp("", "generated")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	for _, name := range sources {
		if err := os.CopyFS(filepath.Join(scratch, "contracts", name), os.DirFS(filepath.Join(root, "contracts", name))); err != nil {
			return nil, err
		}
	}
	asyncapi, err := os.ReadFile(filepath.Join(root, "contracts", "asyncapi.yaml"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(scratch, "contracts", "asyncapi.yaml"), asyncapi, 0o600); err != nil {
		return nil, err
	}
	// The generator runs in its own module, which is found from the root.
	tools, err := filepath.Abs(filepath.Join(root, "tools"))
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(tools, filepath.Join(scratch, "tools")); err != nil {
		return nil, err
	}
	if _, err := contractgen.Run(ctx, scratch); err != nil {
		return nil, err
	}
	findings, err := Compare(filepath.Join(root, "contracts"), filepath.Join(scratch, "contracts"))
	if err != nil {
		return nil, err
	}
	definitions, err := gateway.Check(root)
	return append(findings, definitions...), err
}

// Compare compares the generated files (*_gen.go, *.gen.d.ts) in two folders and
// returns a line for each that differs, sorted.
func Compare(have, want string) ([]string, error) {
	haveFiles, err := read(have)
	if err != nil {
		return nil, err
	}
	wantFiles, err := read(want)
	if err != nil {
		return nil, err
	}
	var findings []string
	for name, content := range wantFiles {
		found, exists := haveFiles[name]
		switch {
		case !exists:
			findings = append(findings, "contracts/"+name+": is missing")
		case !bytes.Equal(found, content):
			findings = append(findings, "contracts/"+name+": is not what the contracts generate")
		}
	}
	for name := range haveFiles {
		if _, exists := wantFiles[name]; !exists {
			findings = append(findings, "contracts/"+name+": is generated from nothing")
		}
	}
	slices.Sort(findings)
	return findings, nil
}

func read(folder string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_gen.go") && !strings.HasSuffix(path, ".gen.d.ts") {
			return err
		}
		files[path], err = fs.ReadFile(root, path)
		return err
	})
	if err == nil && len(files) == 0 {
		err = errors.New(folder + " has no generated file")
	}
	return files, err
}
