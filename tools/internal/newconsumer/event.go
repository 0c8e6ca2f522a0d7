package newconsumer

import (
	"fmt"
	"strings"
)

// event is one type of event, and the sample of what a consumer does with it.
type event struct {
	Type        string // ticketmesh.tickets.order.confirmed.v1
	Short       string // order.confirmed
	GoName      string // OrderConfirmed
	Description string

	Format    string   // of fmt, of what the sample reads
	Arguments string   // to it
	Needs     []string // JSON pointers to what the sample reads

	service string
	file    string
	schema  *schema
}

func (s *schemas) event(eventType, file string) (*event, error) {
	loaded, err := s.load(file)
	if err != nil {
		return nil, err
	}
	resolved, err := s.resolve(loaded)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(eventType, ".") // ticketmesh, service, entity, fact, version
	if len(parts) != 5 {
		return nil, fmt.Errorf("%s: odd event type %q", file, eventType)
	}
	e := &event{
		Type: eventType, Short: parts[2] + "." + parts[3], GoName: loaded.Title, Description: loaded.Description,
		service: parts[1], file: file, schema: resolved,
	}
	return e, e.sample(s)
}

// sampled is how many single values the sample reads.
const sampled = 4

// sample reads the first values that are always there and nobody's secret, and
// counts the items of the first list.
func (e *event) sample(s *schemas) error {
	properties, err := s.properties(e.schema)
	if err != nil {
		return err
	}
	var arguments []string
	read := func(p property, verb, argument string) {
		e.Format += " " + p.name + "=" + verb
		e.Needs = append(e.Needs, "/"+p.name)
		arguments = append(arguments, fmt.Sprintf(argument, goName(p.name)))
	}
	counted := false
	for _, p := range properties {
		scalar := len(arguments) < sampled && !p.schema.Sensitive
		switch {
		case !p.required:
		case p.schema.Type == "string" && p.schema.Format != "date-time" && scalar:
			read(p, "%q", "data.%s")
		case p.schema.Type == "integer" && scalar:
			read(p, "%d", "data.%s")
		case p.schema.Type == "array" && !counted:
			counted = true
			read(p, "%d", "len(data.%s)")
		}
	}
	e.Format = strings.ReplaceAll(e.Format, `"`, `\"`)
	e.Arguments = strings.Join(arguments, ", ")
	return nil
}
