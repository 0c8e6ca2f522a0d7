// Package asyncapi reads asyncapi.yaml, for checks that hold the code to it.
package asyncapi

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
)

// Consumers returns what asyncapi.yaml says of who consumes what: the event
// types, sorted, by the consumer's queue.
func Consumers() (map[string][]string, error) {
	text, err := contracts.Files.ReadFile("asyncapi.yaml")
	if err != nil {
		return nil, err
	}
	var document struct {
		Operations map[string]struct {
			Action   string
			Consumer string `yaml:"x-consumer"`
			Messages []struct {
				Ref string `yaml:"$ref"`
			}
		}
		Components struct {
			Messages map[string]struct{ Name string }
		}
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("asyncapi.yaml: %w", err)
	}
	consumers := map[string][]string{}
	for name, operation := range document.Operations {
		if operation.Action != "receive" {
			continue
		}
		var types []string
		for _, message := range operation.Messages {
			key := message.Ref[strings.LastIndexByte(message.Ref, '/')+1:]
			eventType := document.Components.Messages[key].Name
			if eventType == "" {
				return nil, fmt.Errorf("asyncapi.yaml: %s: no message %q", name, key)
			}
			types = append(types, eventType)
		}
		slices.Sort(types)
		consumers[operation.Consumer] = types
	}
	return consumers, nil
}
