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
	return read("receive", func(o operation) string { return o.Consumer })
}

// Publishers returns what asyncapi.yaml says of who publishes what: the event
// types, sorted, by the service.
func Publishers() (map[string][]string, error) {
	return read("send", func(o operation) string {
		if len(o.Tags) == 0 {
			return ""
		}
		return lastOf(o.Tags[0].Ref) // the tags are the services
	})
}

type operation struct {
	Action   string
	Channel  reference
	Consumer string `yaml:"x-consumer"`
	Tags     []reference
	Messages []reference
}

type reference struct {
	Ref string `yaml:"$ref"`
}

// lastOf is the name that a reference ends in; of none, none.
func lastOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// read returns the event types of the operations of an action, by who they are of.
func read(action string, of func(operation) string) (map[string][]string, error) {
	text, err := contracts.Files.ReadFile("asyncapi.yaml")
	if err != nil {
		return nil, err
	}
	var document struct {
		Operations map[string]operation
		Components struct {
			Messages map[string]struct{ Name string }
		}
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("asyncapi.yaml: %w", err)
	}
	types := map[string][]string{}
	for name, o := range document.Operations {
		if o.Action != action || lastOf(o.Channel.Ref) != "events" {
			continue // another channel passes on what services have told
		}
		if of(o) == "" {
			return nil, fmt.Errorf("asyncapi.yaml: %s: nobody is named", name)
		}
		for _, message := range o.Messages {
			key := lastOf(message.Ref)
			eventType := document.Components.Messages[key].Name
			if eventType == "" {
				return nil, fmt.Errorf("asyncapi.yaml: %s: no message %q", name, key)
			}
			types[of(o)] = append(types[of(o)], eventType)
		}
		slices.Sort(types[of(o)])
	}
	return types, nil
}
