package modules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"ticketmesh.dev/tools/internal/modules"
)

// lay writes the clean workspace, and over it what the archive has.
func lay(t *testing.T, over string) string {
	t.Helper()
	root := t.TempDir()
	for _, archive := range []string{clean, over} {
		for _, file := range txtar.Parse([]byte(archive)).Files {
			path := filepath.Join(root, filepath.FromSlash(file.Name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, file.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

const clean = `
-- go.work --
go 1.26.0

use (
	./platform
	./contracts
	./services/a
)
-- contracts/go.mod --
module ticketmesh.dev/contracts

go 1.26.0
-- contracts/contracts.go --
package contracts
-- platform/go.mod --
module ticketmesh.dev/platform

go 1.26.0

require ticketmesh.dev/contracts v0.0.0

replace ticketmesh.dev/contracts => ../contracts
-- platform/platform.go --
package platform

import _ "ticketmesh.dev/contracts"
-- services/a/go.mod --
module ticketmesh.dev/services/a

go 1.26.0

require ticketmesh.dev/platform v0.0.0

require ticketmesh.dev/contracts v0.0.0 // indirect

replace (
	ticketmesh.dev/contracts => ../../contracts
	ticketmesh.dev/platform => ../../platform
)
-- services/a/main.go --
package main

import _ "ticketmesh.dev/platform"

func main() {}
-- pinned/go.mod --
module ticketmesh.dev/pinned

go 1.26.0
`

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		over string
		// want are the beginnings of the findings.
		want []string
	}{
		{"all well", "", nil},
		{
			"a replacement of what another module needs is missing", `
-- services/a/go.mod --
module ticketmesh.dev/services/a

go 1.26.0

require ticketmesh.dev/platform v0.0.0

replace ticketmesh.dev/platform => ../../platform
`,
			[]string{
				"services/a: does not build with GOWORK=off",
				"services/a: go.mod or go.sum cannot be compared with a tidy one",
				"services/a: needs replace ticketmesh.dev/contracts => ../../contracts",
			},
		},
		{
			"a replacement leads elsewhere", `
-- elsewhere/go.mod --
module ticketmesh.dev/contracts
-- elsewhere/contracts.go --
package contracts
-- platform/go.mod --
module ticketmesh.dev/platform

go 1.26.0

require ticketmesh.dev/contracts v0.0.0

replace ticketmesh.dev/contracts => ../elsewhere
`,
			[]string{"platform: needs replace ticketmesh.dev/contracts => ../contracts"},
		},
		{
			"a requirement is not needed", `
-- contracts/go.mod --
module ticketmesh.dev/contracts

go 1.26.0

require ticketmesh.dev/platform v0.0.0

replace ticketmesh.dev/platform => ../platform
`,
			[]string{"contracts: go.mod or go.sum is not tidy"},
		},
		{
			"a module does not build", `
-- services/a/broken.go --
package main

var x int = "no"
`,
			[]string{"services/a: does not build with GOWORK=off"},
		},
		{
			"a module outside the workspace is not tidy", `
-- pinned/go.mod --
module ticketmesh.dev/pinned

go 1.26.0

require ticketmesh.dev/platform v0.0.0

replace (
	ticketmesh.dev/contracts => ../contracts
	ticketmesh.dev/platform => ../platform
)
`,
			[]string{"pinned: go.mod or go.sum is not tidy"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := lay(t, tt.over)
			findings, err := modules.Check(t.Context(), root, "pinned")
			if err != nil {
				t.Fatal(err)
			}
			if len(findings) != len(tt.want) {
				t.Fatalf("found %q, want %q", findings, tt.want)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(findings[i], want) || strings.Contains(findings[i], "\n") {
					t.Errorf("found %q, want %q", findings[i], want)
				}
			}
			if _, err := os.Stat(filepath.Join(root, "services/a/a")); err == nil {
				t.Error("the build left its binary")
			}
		})
	}
}

func TestNoWorkspaceIsAnError(t *testing.T) {
	t.Parallel()
	if findings, err := modules.Check(t.Context(), t.TempDir()); err == nil {
		t.Errorf("found %v", findings)
	}
}
