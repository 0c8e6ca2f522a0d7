package rules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"ticketmesh.dev/contracts/asyncapi"
	"ticketmesh.dev/tools/internal/stacks"
)

// Workspace deploys every stage of the workspace at root in memory, holds what is made to
// the rules, and returns what is wrong, once for all stages that it is wrong in. It
// writes to log what is deployed, and in which order. It needs Python, see package
// python.
func Workspace(ctx context.Context, root string, log io.Writer) (stacks.Findings, error) {
	templates, err := stacks.Load(ctx, root)
	if err != nil {
		return nil, err
	}
	consumers, err := asyncapi.Consumers()
	if err != nil {
		return nil, err
	}
	accounts := make([]*stacks.Account, len(stacks.Stages))
	var findings stacks.Findings
	var folders []string
	for i, stage := range stacks.Stages {
		var failed stacks.Findings
		if accounts[i], err = templates.Deploy(stage); err != nil && !errors.As(err, &failed) {
			return nil, err
		}
		findings = append(findings, failed...)
		fmt.Fprintf(log, "stacks: %s deploys %s: %d resources\n", stage, strings.Join(accounts[i].Order(), ", "), len(accounts[i].Resources()))
		folders = append(folders, Folders(accounts[i].Resources())...)
	}
	code, err := Inspect(ctx, root, sorted(folders))
	if err != nil {
		return nil, err
	}
	for i, stage := range stacks.Stages {
		findings = append(findings, Check(Account{Stage: stage, Resources: accounts[i].Resources(), Code: code, Consumers: consumers})...)
	}
	return together(findings), nil
}

// Folders are those of the commands of functions.
func Folders(resources []stacks.Resource) []string {
	var folders []string
	for _, r := range resources {
		if folder := str(of(r, "Code", "S3Key")); r.Type == "AWS::Lambda::Function" && folder != "" {
			folders = append(folders, folder)
		}
	}
	return folders
}

// together makes one finding of what several stages have.
func together(findings stacks.Findings) stacks.Findings {
	var found stacks.Findings
	places := map[stacks.Finding]int{}
	for _, f := range findings {
		// Names have the stage in them.
		same := f
		same.Stage, same.Problem = "", strings.ReplaceAll(f.Problem, f.Stage, "")
		if i, is := places[same]; is {
			found[i].Stage += ", " + f.Stage
			continue
		}
		places[same] = len(found)
		found = append(found, f)
	}
	return found
}
