// Package imports holds the workspace to its architecture: which package may
// import which, what binaries may link, and which functions stay out of the
// domain. It looks at what is written, and decides nothing by itself: the rules
// are tables.
package imports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// prefix is what the paths of all our packages begin with.
const prefix = "ticketmesh.dev/"

// goPackage is a package of ours.
type goPackage struct {
	ImportPath string
	Dir        string
	Name       string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
	// Deps are all packages that it links.
	Deps []string
	// What its tests import, from inside and from outside the package.
	TestImports, XTestImports []string
}

// path is the import path without the part that all have.
func (p goPackage) path() string { return strings.TrimPrefix(p.ImportPath, prefix) }

// load lists our packages in the workspace at root, by one run of the go
// command.
func load(ctx context.Context, root string) ([]goPackage, error) {
	command := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,Imports,Deps,TestImports,XTestImports", "work")
	command.Dir = root
	// The workspace is what is looked at, also by a module's tests without it.
	command.Env = append(command.Environ(), "GOWORK=")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var packages []goPackage
	for decoder := json.NewDecoder(&stdout); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if strings.HasPrefix(p.ImportPath, prefix) {
			packages = append(packages, p)
		}
	}
}
