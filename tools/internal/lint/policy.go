package lint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"ticketmesh.dev/tools/internal/python"
	"ticketmesh.dev/tools/internal/sam"
)

// declined are checkov's checks that no template is held to, and why. What one resource
// alone is excused from stands, with its reason, in that resource's metadata.
var declined = []struct{ id, reason string }{
	{"CKV_AWS_27", "It takes no encryption but by a KMS key; CKV2_TICKETMESH_1 in deploy/policy also takes the one by SQS."},
	{"CKV_AWS_116", "It looks for a function's own dead letters, which only what is invoked without anybody waiting has: here by EventInvokeConfig, which it does not know. Mappings, rules and schedules have theirs."},
	{"CKV_AWS_117", "In the network are the functions that have something to reach there. The others would pay for a way out of it and start later."},
	{"CKV_AWS_119", "Tables are encrypted by the key that the account has for DynamoDB; who may read a table is said by roles alone, one a function."},
	{"CKV_AWS_158", "Logs are encrypted by CloudWatch. They hold nothing personal but addresses of clients, which have a retention."},
	{"CKV_AWS_173", "Variables are encrypted by Lambda, and name where secrets are but hold none."},
}

// Policy returns what checkov finds in the templates of services and shared stacks, by
// its own policies and those in deploy/policy. It needs Python, see package python.
func Policy(ctx context.Context, root string) ([]string, error) {
	files, err := templateFiles(root)
	if err != nil {
		return nil, err
	}
	return PolicyOf(ctx, root, files...)
}

// PolicyOf is Policy of the templates in files.
func PolicyOf(ctx context.Context, root string, files ...string) ([]string, error) {
	programs, err := python.Install(ctx, root, sam.Set)
	if err != nil {
		return nil, err
	}
	arguments := []string{
		"--framework", "cloudformation", "--skip-download", "--compact", "--output", "json",
		"--external-checks-dir", filepath.Join(root, "deploy", "policy"),
	}
	for _, d := range declined {
		arguments = append(arguments, "--skip-check", d.id)
	}
	for _, file := range files {
		arguments = append(arguments, "--file", file)
	}
	command := exec.CommandContext(ctx, filepath.Join(programs, "checkov"), arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	failure := command.Run()
	var exit *exec.ExitError
	// 1 is also what it says when it has found something.
	if failure != nil && (!errors.As(failure, &exit) || exit.ExitCode() != 1) {
		return nil, fmt.Errorf("checkov: %w\n%s", failure, stderr.String())
	}
	var report struct {
		Results struct {
			Failed        []finding `json:"failed_checks"`
			Skipped       []finding `json:"skipped_checks"`
			ParsingErrors []string  `json:"parsing_errors"`
		}
		Summary struct {
			Resources int `json:"resource_count"`
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		return nil, fmt.Errorf("checkov: %w\n%s%s", err, stdout.String(), stderr.String())
	}
	if report.Summary.Resources == 0 || len(report.Results.ParsingErrors) > 0 {
		return nil, fmt.Errorf("checkov read %d resources, and not %v\n%s", report.Summary.Resources, report.Results.ParsingErrors, stderr.String())
	}
	var lines []string
	for _, f := range report.Results.Failed {
		lines = append(lines, f.line(root, f.Name))
	}
	for _, f := range report.Results.Skipped {
		if f.Result.Comment == "" || f.Result.Comment == noComment {
			lines = append(lines, f.line(root, "it is skipped without a reason"))
		}
	}
	return lines, nil
}

// noComment is what checkov says where a resource's metadata gives no reason.
const noComment = "No comment provided"

// finding is one of checkov's report.
type finding struct {
	ID       string `json:"check_id"`
	Name     string `json:"check_name"`
	Resource string
	File     string `json:"file_abs_path"`
	Lines    [2]int `json:"file_line_range"`
	Result   struct {
		Comment string `json:"suppress_comment"`
	} `json:"check_result"`
}

func (f finding) line(root, what string) string {
	path := f.File
	if below, err := filepath.Rel(root, path); err == nil {
		path = below
	}
	return fmt.Sprintf("%s:%d: %s: %s (%s)", path, f.Lines[0], f.Resource, what, f.ID)
}
