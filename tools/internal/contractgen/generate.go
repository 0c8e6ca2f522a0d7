// Package contractgen writes the code of the contracts. In Go: event types from
// the JSON Schemas, and servers, clients and request types from the OpenAPI
// documents. In TypeScript: types of the same, and of the envelope that
// asyncapi.yaml describes. It reads nothing else, and what it writes is committed.
package contractgen

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/tools/internal/npm"
)

// timestampLayout has exactly three decimals, where RFC 3339 in Go drops zeros
// or, as the generator has it, all of them.
const timestampLayout = "2006-01-02T15:04:05.000Z07:00"

// Features of the generator: tracing is ours (platform/event), and an
// unimplemented handler would hide a forgotten route.
const (
	eventsConfig = "generator:\n  features:\n    disable_all: true\n  content_type_aliases: {}\n"
	apiConfig    = `generator:
  features:
    disable_all: true
    enable:
      - paths/client
      - paths/server
  content_type_aliases:
    "application/merge-patch+json": application/json
`
)

// Run generates all that is generated in the contracts module of the workspace
// at root and returns what it wrote, folders of Go and files of TypeScript,
// sorted. With names of services, only theirs is, and the TypeScript types of
// all events. Without Node.js nothing is and the error is npm.ErrMissing.
func Run(ctx context.Context, root string, services ...string) ([]string, error) {
	if _, err := npm.Install(ctx, root); err != nil {
		return nil, err
	}
	wanted := func(service string) bool { return len(services) == 0 || slices.Contains(services, service) }
	contracts := filepath.Join(root, "contracts")
	eventsDir := filepath.Join(contracts, "events")
	var written []string

	publishers, err := eventServices(eventsDir)
	if err != nil {
		return nil, err
	}
	for _, service := range publishers {
		if !wanted(service) {
			continue
		}
		document, err := eventsDocument(eventsDir, service)
		if err != nil {
			return nil, err
		}
		bareReferences(document)
		name := service + "events"
		if err := generate(ctx, root, document, eventsConfig, filepath.Join(contracts, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := writeConstants(eventsDir, service, filepath.Join(contracts, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		written = append(written, name)
	}
	if err := writeEventTypes(ctx, root, publishers); err != nil {
		return nil, fmt.Errorf("types of events: %w", err)
	}
	written = append(written, typescript("events"))

	documents, err := filepath.Glob(filepath.Join(contracts, "api", "*.openapi.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range documents {
		service := strings.TrimSuffix(filepath.Base(path), ".openapi.yaml")
		if !wanted(service) {
			continue
		}
		document, err := readNode(path)
		if err != nil {
			return nil, err
		}
		name := service + "api"
		if err := generate(ctx, root, document, apiConfig, filepath.Join(contracts, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := writeAPITypes(ctx, root, service); err != nil {
			return nil, fmt.Errorf("types of the API of %s: %w", service, err)
		}
		written = append(written, name, typescript(service))
	}
	slices.Sort(written)
	return written, nil
}

// eventServices are the services that have events, sorted.
func eventServices(eventsDir string) ([]string, error) {
	entries, err := os.ReadDir(eventsDir)
	if err != nil {
		return nil, err
	}
	var services []string
	for _, entry := range entries {
		if entry.IsDir() {
			services = append(services, entry.Name())
		}
	}
	return services, nil
}

// generate has ogen, which tools/pinned pins, write the Go code of the document.
func generate(ctx context.Context, root string, document *yaml.Node, config, target string) error {
	inlineScalars(document, lookup(lookup(document, "components"), "schemas"))
	prepare(document)
	text, err := yaml.Marshal(document)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "contractgen")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	documentPath, configPath := filepath.Join(scratch, "openapi.yaml"), filepath.Join(scratch, "ogen.yaml")
	if err := os.WriteFile(documentPath, text, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(configPath, []byte(config), 0o600); err != nil {
		return err
	}
	absolute, err := filepath.Abs(target)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "tool", "ogen",
		"--config", configPath, "--target", absolute, "--package", filepath.Base(target), "--clean", "--loglevel", "error", documentPath)
	command.Dir = filepath.Join(root, "tools", "pinned")
	command.Env = append(os.Environ(), "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("ogen: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

// prepare says to the generator what a contract need not know: the layout of
// timestamps that are written with fixed milliseconds, and Go's spelling ID.
func prepare(node *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		if format := lookup(node, "format"); format != nil && format.Value == "date-time" && lookup(node, "pattern") != nil {
			remove(node, "pattern")
			set(node, "x-ogen-time-format", scalar(timestampLayout))
		}
		if properties := lookup(node, "properties"); properties != nil && properties.Kind == yaml.MappingNode {
			if names := goNames(properties); len(names.Content) > 0 {
				set(node, "x-ogen-properties", names)
			}
		}
	}
	for _, child := range node.Content {
		prepare(child)
	}
}

// inlineScalars replaces references to named strings, numbers and booleans by
// what they name, so that Go has uuid.UUID and string where it would get a type
// for every name. Enumerations keep their types.
func inlineScalars(node, schemas *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		if ref := lookup(node, "$ref"); ref != nil {
			name, found := strings.CutPrefix(ref.Value, "#/components/schemas/")
			if target := lookup(schemas, name); found && isScalar(target) {
				*node = *clone(target)
			}
		}
	}
	for _, child := range node.Content {
		inlineScalars(child, schemas)
	}
}

func isScalar(schema *yaml.Node) bool {
	kind := lookup(schema, "type")
	if kind == nil || lookup(schema, "enum") != nil {
		return false
	}
	return slices.Contains([]string{"string", "integer", "number", "boolean"}, kind.Value)
}

// goNames names the properties that end in Id or Ids, which the generator would
// spell so in Go too.
func goNames(properties *yaml.Node) *yaml.Node {
	names := mapping()
	for i := 0; i < len(properties.Content); i += 2 {
		property := properties.Content[i].Value
		var spelled string
		switch {
		case strings.HasSuffix(property, "Id"):
			spelled = strings.TrimSuffix(property, "Id") + "ID"
		case strings.HasSuffix(property, "Ids"):
			spelled = strings.TrimSuffix(property, "Ids") + "IDs"
		default:
			continue
		}
		set(names, property, mappingOf("name", scalar(strings.ToUpper(spelled[:1])+spelled[1:])))
	}
	return names
}
