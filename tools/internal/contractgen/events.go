package contractgen

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// eventsDocument turns the event schemas of one service into the OpenAPI
// document that the generator reads: every definition is a component, and every
// event is a webhook, since the generator writes only what something refers to.
// The order of properties is kept.
func eventsDocument(eventsDir, service string) (*yaml.Node, error) {
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

	files, err := filepath.Glob(filepath.Join(eventsDir, service, "*.schema.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	webhooks := mapping()
	for _, file := range files {
		schema, err := readNode(file)
		if err != nil {
			return nil, err
		}
		title := lookup(schema, "title")
		if title == nil {
			return nil, fmt.Errorf("%s has no title", file)
		}
		component := title.Value
		if ref := lookup(schema, "$ref"); ref != nil {
			// The event is a shared definition, perhaps with more of it required.
			_, component, _ = strings.Cut(ref.Value, "#/$defs/")
		} else {
			for _, key := range []string{"$schema", "$id", "title", "x-event-type"} {
				remove(schema, key)
			}
			set(schemas, component, schema)
		}
		set(webhooks, title.Value, mappingOf(
			"post", mappingOf(
				"operationId", scalar(title.Value),
				"requestBody", mappingOf("content", mappingOf("application/json", mappingOf("schema",
					mappingOf("$ref", scalar("#/components/schemas/"+component))))),
				"responses", mappingOf("204", mappingOf("description", scalar("Taken."))),
			)))
	}
	document := mappingOf(
		"openapi", scalar("3.1.0"),
		"info", mappingOf("title", scalar(service+" events"), "version", scalar("1.0.0")),
		"paths", mapping(),
		"webhooks", webhooks,
		"components", mappingOf("schemas", schemas),
	)
	rewriteReferences(document)
	return document, nil
}

// rewriteReferences points references between schema files at the components.
func rewriteReferences(node *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		if ref := lookup(node, "$ref"); ref != nil {
			if _, name, found := strings.Cut(ref.Value, "#/$defs/"); found {
				ref.Value = "#/components/schemas/" + name
			}
			// A description beside a reference makes the generator write a type of its own.
			remove(node, "description")
		}
	}
	for _, child := range node.Content {
		rewriteReferences(child)
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
