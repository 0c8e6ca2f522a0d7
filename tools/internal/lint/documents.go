package lint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"ticketmesh.dev/tools/internal/npm"
)

// Documents returns what is wrong with the OpenAPI documents and asyncapi.yaml
// by the rules of contracts/redocly.yaml, and with asyncapi.yaml by the schema
// of its own specification.
func Documents(ctx context.Context, root string) ([]string, error) {
	findings, err := redocly(ctx, root)
	if err != nil {
		return nil, err
	}
	breaches, err := asyncAPI(ctx, root)
	return append(findings, breaches...), err
}

func redocly(ctx context.Context, root string) ([]string, error) {
	documents, err := filepath.Glob(filepath.Join(root, "contracts", "api", "*.openapi.yaml"))
	if err != nil {
		return nil, err
	}
	arguments := []string{"lint", "--config", "contracts/redocly.yaml", "--format", "json", "--max-problems", "1000", "contracts/asyncapi.yaml"}
	for _, document := range documents {
		arguments = append(arguments, "contracts/api/"+filepath.Base(document))
	}
	command, err := npm.Command(ctx, root, "@redocly/cli/bin/cli.js", arguments...)
	if err != nil {
		return nil, err
	}
	// It neither reports home nor asks for newer versions.
	command.Env = append(command.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	failure := command.Run()
	findings, reports, err := redoclyFindings(&stdout)
	switch {
	case err != nil:
		return nil, fmt.Errorf("redocly: %w\n%s", err, stderr.String())
	case failure != nil && len(findings) == 0:
		return nil, fmt.Errorf("redocly: %w\n%s", failure, stderr.String())
	case reports != len(documents)+1:
		return nil, fmt.Errorf("redocly: it reports on %d of %d documents\n%s", reports, len(documents)+1, stderr.String())
	}
	return findings, nil
}

// redoclyFindings reads the reports, a JSON object for each document.
func redoclyFindings(output io.Reader) (findings []string, reports int, err error) {
	decoder := json.NewDecoder(output)
	for ; ; reports++ {
		var report struct {
			Problems []struct {
				RuleID, Message string
				Location        []struct {
					Source struct{ Ref string }
					Start  struct{ Line int }
				}
			}
		}
		if err := decoder.Decode(&report); errors.Is(err, io.EOF) {
			return findings, reports, nil
		} else if err != nil {
			return nil, 0, err
		}
		for _, problem := range report.Problems {
			where := "contracts"
			if len(problem.Location) > 0 {
				where = fmt.Sprintf("%s:%d", problem.Location[0].Source.Ref, problem.Location[0].Start.Line)
			}
			findings = append(findings, fmt.Sprintf("%s: %s (%s)", where, problem.Message, problem.RuleID))
		}
	}
}

// asyncAPI holds asyncapi.yaml to the schema that the AsyncAPI initiative
// publishes for version 3.0.0.
func asyncAPI(ctx context.Context, root string) ([]string, error) {
	modules, err := npm.Install(ctx, root)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join(modules, "@asyncapi", "specs", "schemas", "3.0.0.json"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "contracts", "asyncapi.yaml"))
	if err != nil {
		return nil, err
	}
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	if err := schema.Validate(value); err != nil {
		return lines("contracts/asyncapi.yaml: " + strings.ReplaceAll(err.Error(), "\n", "\ncontracts/asyncapi.yaml: ")), nil
	}
	return nil, nil
}
