package contractgen

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// eventsDocument turns the event schemas of some services into the OpenAPI
// document that the generators read: every definition is a component, and every
// event is a webhook, since a generator may write only what something refers to.
// The order of properties is kept.
func eventsDocument(eventsDir string, services ...string) (*yaml.Node, error) {
	schemas := mapping()
	shared, err := readNode(filepath.Join(eventsDir, "shared.v1.schema.json"))
	if err != nil {
		return nil, err
	}
	definitions := lookup(shared, "$defs")
	if definitions == nil {
		return nil, fmt.Errorf("shared.v1.schema.json has no $defs")
	}
	for i := 0; i < len(definitions.Content); i += 2 {
		// Alternatives between required members are for validators; in Go they would be types.
		remove(definitions.Content[i+1], "oneOf")
		set(schemas, definitions.Content[i].Value, definitions.Content[i+1])
	}

	webhooks := mapping()
	for _, service := range services {
		events, err := readEvents(eventsDir, service)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if lookup(webhooks, e.title) != nil {
				return nil, fmt.Errorf("two events have the title %s", e.title)
			}
			if !e.shared {
				for _, key := range []string{"$schema", "$id", "title", "x-event-type", "x-history"} {
					remove(e.schema, key)
				}
				set(schemas, e.component, e.schema)
			}
			set(webhooks, e.title, mappingOf(
				"post", mappingOf(
					"operationId", scalar(e.title),
					"requestBody", mappingOf("content", mappingOf("application/json", mappingOf("schema",
						mappingOf("$ref", scalar("#/components/schemas/"+e.component))))),
					"responses", mappingOf("204", mappingOf("description", scalar("Taken."))),
				)))
		}
	}
	document := mappingOf(
		"openapi", scalar("3.1.0"),
		"info", mappingOf("title", scalar(strings.Join(services, ", ")+" events"), "version", scalar("1.0.0")),
		"paths", mapping(),
		"webhooks", webhooks,
		"components", mappingOf("schemas", schemas),
	)
	rewriteReferences(document)
	return document, nil
}

// event is one event schema.
type event struct {
	title, kind, id, description string
	// component names the schema in the document: the title, or the shared
	// definition that the event is, perhaps with more of it required.
	component string
	shared    bool
	required  []string
	schema    *yaml.Node
}

// readEvents reads the event schemas of a service, sorted by their files.
func readEvents(eventsDir, service string) ([]event, error) {
	files, err := filepath.Glob(filepath.Join(eventsDir, service, "*.schema.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var events []event
	for _, file := range files {
		schema, err := readNode(file)
		if err != nil {
			return nil, err
		}
		e := event{schema: schema}
		for key, field := range map[string]*string{"title": &e.title, "x-event-type": &e.kind, "$id": &e.id, "description": &e.description} {
			value := lookup(schema, key)
			if value == nil {
				return nil, fmt.Errorf("%s lacks %s", file, key)
			}
			*field = value.Value
		}
		e.component = e.title
		if ref := lookup(schema, "$ref"); ref != nil {
			_, e.component, e.shared = strings.Cut(ref.Value, "#/$defs/")
			if required := lookup(schema, "required"); required != nil {
				for _, name := range required.Content {
					e.required = append(e.required, name.Value)
				}
			}
		}
		events = append(events, e)
	}
	return events, nil
}

// rewriteReferences points references between schema files at the components.
func rewriteReferences(node *yaml.Node) {
	if ref := lookup(node, "$ref"); ref != nil {
		if _, name, found := strings.Cut(ref.Value, "#/$defs/"); found {
			ref.Value = "#/components/schemas/" + name
		}
	}
	for _, child := range node.Content {
		rewriteReferences(child)
	}
}

// bareReferences removes descriptions beside references, for which ogen would
// write a type of its own.
func bareReferences(node *yaml.Node) {
	if lookup(node, "$ref") != nil {
		remove(node, "description")
	}
	for _, child := range node.Content {
		bareReferences(child)
	}
}

func readNode(path string) (*yaml.Node, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		return nil, fmt.Errorf("%s: not one document", path)
	}
	return document.Content[0], nil
}
