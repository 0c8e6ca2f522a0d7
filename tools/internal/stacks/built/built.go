// Package built does with every stack what a deployment does before it calls AWS: it has
// the pinned SAM CLI look at the template and build its functions, and looks at what came
// out. Nothing is deployed.
package built

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/runtimeapi"
	"ticketmesh.dev/tools/internal/sam"
	"ticketmesh.dev/tools/internal/stacks"
)

// Check returns what is wrong with a stack by sam validate with its linter, and by sam
// build, whose functions have to be programs for arm64 that need nothing beside them and are below 9 MiB zipped. One function of each stack is
// built for this machine as well and started with the variables that its template sets
// in dev, until it asks for its first invocation. It needs Python, see package python,
// and takes a minute, or some of them the first time.
func Check(ctx context.Context, root string) ([]string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	templates, err := stacks.Load(ctx, root)
	if err != nil {
		return nil, err
	}
	account, err := templates.Deploy("dev")
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "mesh-sam")
	if err != nil {
		return nil, err
	}
	found, err := check(ctx, root, work, templates, account)
	return found, errors.Join(err, os.RemoveAll(work))
}

func check(ctx context.Context, root, work string, templates *stacks.Templates, account *stacks.Account) ([]string, error) {
	var found []string
	for _, stack := range account.Order() {
		folder := templates.Folder(stack)
		if said, err := run(ctx, root, folder, "validate", "--lint", "--region", stacks.Region); err != nil {
			found = append(found, fmt.Sprintf("%s: sam validate: %v\n%s", stack, err, said))
			continue
		}
		functions := functionsOf(account, stack)
		if len(functions) == 0 {
			continue
		}
		built := filepath.Join(work, stack)
		if said, err := run(ctx, root, folder, "build", "--no-cached", "--parallel", "--build-dir", built); err != nil {
			found = append(found, fmt.Sprintf("%s: sam build: %v\n%s", stack, err, said))
			continue
		}
		for _, f := range functions {
			if err := Program(filepath.Join(built, f.LogicalID, "bootstrap")); err != nil {
				found = append(found, fmt.Sprintf("%s/%s: %v", stack, f.LogicalID, err))
			}
		}
		// An API needs the most.
		first := functions[max(0, slices.IndexFunc(functions, func(f stacks.Resource) bool { return f.LogicalID == "ApiFunction" }))]
		if err := starts(ctx, root, filepath.Join(work, stack+"-here"), first); err != nil {
			found = append(found, fmt.Sprintf("%s/%s: %v", stack, first.LogicalID, err))
		}
	}
	return found, ctx.Err()
}

func run(ctx context.Context, root, folder string, arguments ...string) (string, error) {
	command, err := sam.Command(ctx, root, folder, arguments...)
	if err != nil {
		return "", err
	}
	said, err := command.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

func functionsOf(account *stacks.Account, stack string) []stacks.Resource {
	var found []stacks.Resource
	for _, f := range account.Resources("AWS::Lambda::Function") {
		if f.Stack == stack {
			found = append(found, f)
		}
	}
	return found
}

// mostZipped is how large a function may be as it is uploaded. What is larger than that
// links something that it should not.
const mostZipped = 9 << 20

// Program is an error unless the file is what Lambda starts on provided.al2023 and
// arm64: a program that may be executed and needs no interpreter; and small enough.
func Program(path string) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode()&0o111 == 0 {
		return errors.New("bootstrap may not be executed")
	}
	program, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	if program.Machine != elf.EM_AARCH64 || program.Type != elf.ET_EXEC {
		return fmt.Errorf("bootstrap is %v for %v, not a program for arm64", program.Type, program.Machine)
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			return errors.New("bootstrap needs libraries that are not there")
		}
	}
	size, err := runtimeapi.Zipped(path)
	if err == nil && size >= mostZipped {
		err = fmt.Errorf("bootstrap has %d bytes when it is zipped, which shall be fewer than %d", size, mostZipped)
	}
	return err
}

// starts builds a function for this machine and starts it.
func starts(ctx context.Context, root, binary string, f stacks.Resource) error {
	code, _ := f.Properties["Code"].(map[string]any)
	if err := runtimeapi.Build(ctx, root, "./"+fmt.Sprint(code["S3Key"]), binary); err != nil {
		return err
	}
	// Nothing is at the addresses, which nobody may need at a start.
	variables := []string{
		"AWS_REGION=" + stacks.Region, "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
		"AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000",
	}
	environment, _ := f.Properties["Environment"].(map[string]any)
	set, _ := environment["Variables"].(map[string]any)
	for name, value := range set {
		variables = append(variables, name+"="+fmt.Sprint(value))
	}
	var log strings.Builder
	p, err := runtimeapi.Start(ctx, runtimeapi.Config{Binary: binary, Name: f.Name, MemoryMB: 512, Environment: variables, Log: &log})
	if err != nil {
		return err
	}
	return p.Stop()
}
