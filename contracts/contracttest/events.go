package contracttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/asyncapi"
	"ticketmesh.dev/contracts/expectations"
)

// Events is what a service publishes. Safe for concurrent use.
type Events struct {
	service  string
	declared []string

	mu   sync.Mutex
	seen map[string]bool // types
	ids  map[string]bool
	same map[string]bool // whole events
}

// Published returns the events that asyncapi.yaml has the service publish, none
// of them seen yet.
func Published(t TB, service string) *Events {
	t.Helper()
	publishers, err := publishers()
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(publishers[service]) == 0 {
		t.Fatalf("asyncapi.yaml has %s publish nothing", service)
	}
	return &Events{service: service, declared: publishers[service], seen: map[string]bool{}, ids: map[string]bool{}, same: map[string]bool{}}
}

// Check fails t when the event, a CloudEvent in JSON as it goes to the bus,
// breaks its contract: it is none that the service publishes, its envelope is not
// as all events have it, its data does not fit the schema, or its id is that of
// another event. The same event may be given any number of times.
func (e *Events) Check(t TB, text []byte) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.same[string(text)] {
		return
	}
	e.same[string(text)] = true
	if err := e.check(text); err != nil {
		t.Errorf("a published event breaks its contract: %v\n%s", err, text)
	}
}

// Unseen returns the types that are declared and were not given to Check, sorted.
func (e *Events) Unseen() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.declared), func(eventType string) bool { return e.seen[eventType] })
}

// envelope is a CloudEvent as the mesh has them.
type envelope struct {
	SpecVersion, ID, Source, Type, Subject, Time string
	DataContentType, DataSchema                  string
	CorrelationID, TraceParent                   string
	Data                                         json.RawMessage
}

// timeLayout is UTC with fixed milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// traceParent is version 00 of W3C Trace Context.
var traceParent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// What is read once in a process, and schemas are compiled in once.
var (
	publishers = sync.OnceValues(asyncapi.Publishers)
	validator  = sync.OnceValues(contracts.NewValidator)
	expected   = sync.OnceValues(expectations.All)
)

func (e *Events) check(text []byte) error {
	var v envelope
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	if !slices.Contains(e.declared, v.Type) {
		return fmt.Errorf("asyncapi.yaml does not have %s publish %q", e.service, v.Type)
	}
	e.seen[v.Type] = true
	schemas, err := validator()
	if err != nil {
		return err
	}
	expected, err := expected()
	if err != nil {
		return err
	}
	// Both, so that whoever takes a field out of an event reads whom it breaks.
	if err := errors.Join(schemas.Validate(v.Type, v.Data), expected.Check(v.Type, v.Data)); err != nil {
		return err
	}
	id, err := uuid.Parse(v.ID)
	_, late := time.Parse(timeLayout, v.Time)
	switch {
	case v.SpecVersion != "1.0" || v.DataContentType != "application/json":
		return fmt.Errorf("specversion %q, datacontenttype %q", v.SpecVersion, v.DataContentType)
	case err != nil || id.Version() != 7 || id.String() != v.ID:
		return fmt.Errorf("the id %q is no UUIDv7", v.ID)
	case e.ids[v.ID]:
		return fmt.Errorf("the id %s is that of another event", v.ID)
	case v.Source != "/ticketmesh/"+e.service:
		return fmt.Errorf("source is %q", v.Source)
	case late != nil:
		return fmt.Errorf("time is %q, want it as in %s", v.Time, timeLayout)
	case v.DataSchema != schemas.SchemaID(v.Type):
		return fmt.Errorf("dataschema is %q, want %q", v.DataSchema, schemas.SchemaID(v.Type))
	case v.CorrelationID == "":
		return errors.New("correlationid is missing")
	case v.TraceParent != "" && !traceParent.MatchString(v.TraceParent):
		return fmt.Errorf("traceparent is %q", v.TraceParent)
	}
	e.ids[v.ID] = true
	return v.checkEntity()
}

// checkEntity holds the event to the entity that it is of: its version counts
// from 1, and the subject is its id where the data has a member for that.
func (v envelope) checkEntity() error {
	var data map[string]any
	if err := json.Unmarshal(v.Data, &data); err != nil {
		return err
	}
	if version, ok := data["version"].(float64); !ok || version < 1 {
		return fmt.Errorf("the version is %v", data["version"])
	}
	entity := strings.Split(v.Type, ".")[2]
	id, named := data[entity+"Id"]
	if v.Subject == "" || named && v.Subject != id {
		return fmt.Errorf("subject is %q, and %sId %v", v.Subject, entity, id)
	}
	return nil
}
