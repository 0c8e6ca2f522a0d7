package contracttest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
)

// Operation is what a document says of one operation.
type Operation struct {
	ID, Method string
	Path       string // the template: /tickets/{ticketId}
	// Statuses are the ones that are declared by number, ascending. What only
	// `default` declares is not among them.
	Statuses []int
	Secured  bool // it wants a token
	Body     bool // it takes a body

	answers map[string]answer // by status or "default"
}

// URL is the path with its parameters filled in, in their order. A value that
// is left over and begins with a question mark is the query; others are not
// used, so that a test can call operations that differ in their parameters alike.
func (o Operation) URL(values ...string) string {
	path := o.Path
	for _, value := range values {
		begin, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		switch {
		case begin >= 0:
			path = path[:begin] + value + path[end+1:]
		case strings.HasPrefix(value, "?"):
			path += value
		}
	}
	return path
}

// answer is what is declared of one status of an operation.
type answer struct {
	schemas map[string]string // JSON pointers of the bodies' schemas by media type; none: no body
	headers map[string]header
}

type header struct {
	required bool
	schema   string
}

// API is the OpenAPI document of a service, and what was seen of it. Safe for
// concurrent use.
type API struct {
	*document
	mu   sync.Mutex
	seen map[string]bool
}

// Document reads a service's OpenAPI document. Each call begins with nothing
// seen; the document itself is read once in a process.
func Document(t TB, service string) *API {
	t.Helper()
	read, _ := documents.LoadOrStore(service, sync.OnceValues(func() (*document, error) {
		text, err := contracts.Files.ReadFile("api/" + service + ".openapi.yaml")
		if err != nil {
			return nil, err
		}
		return parse(text)
	}))
	d, err := read.(func() (*document, error))()
	if err != nil {
		t.Fatalf("the document of %s: %v", service, err)
	}
	return newAPI(d)
}

func newAPI(d *document) *API { return &API{document: d, seen: map[string]bool{}} }

// documents are those that were read, by service: reading them and compiling
// their schemas costs more than many a test.
var documents sync.Map

// Operations returns all operations by their ids.
func (a *API) Operations() map[string]Operation {
	operations := map[string]Operation{}
	for _, r := range a.routes {
		for _, o := range r.operations {
			operations[o.ID] = o
		}
	}
	return operations
}

// Unseen returns the answers that are declared by number and were not given to
// any request that went through Check: "placeHold 409", sorted.
func (a *API) Unseen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var unseen []string
	for _, o := range a.Operations() {
		for _, status := range o.Statuses {
			if name := fmt.Sprintf("%s %d", o.ID, status); !a.seen[name] {
				unseen = append(unseen, name)
			}
		}
	}
	slices.Sort(unseen)
	return unseen
}

func (a *API) see(operation string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[fmt.Sprintf("%s %d", operation, status)] = true
}

// document is the part of an API that never changes.
type document struct {
	routes []route // the more concrete ones first

	mu       sync.Mutex // the compiler is not for concurrent use
	compiler *jsonschema.Compiler
}

type route struct {
	segments   []string
	operations map[string]Operation // by method
}

// location is where the compiler has the document.
const location = "https://ticketmesh.dev/openapi.json"

// problemSchema is where each document has its schema of problems.
const problemSchema = "/components/schemas/Problem"

func parse(text []byte) (*document, error) {
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(encoded)); err != nil {
		return nil, err
	}
	d := &document{compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020) // which is what OpenAPI 3.1 has its schemas in
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(location, value); err != nil {
		return nil, err
	}
	if _, err := d.schema(problemSchema); err != nil {
		return nil, err
	}
	var written source
	if err := json.Unmarshal(encoded, &written); err != nil {
		return nil, err
	}
	for path, item := range written.Paths {
		r := route{segments: strings.Split(path, "/"), operations: map[string]Operation{}}
		if item.Head != nil || item.Options != nil || item.Trace != nil {
			return nil, fmt.Errorf("%s has a method that this package does not read", path)
		}
		for method, w := range map[string]*sourceOperation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if w == nil {
				continue
			}
			o := Operation{ID: w.OperationID, Method: method, Path: path, Body: w.RequestBody != nil, answers: map[string]answer{}}
			security := written.Security
			if w.Security != nil {
				security = *w.Security
			}
			o.Secured = len(security) > 0 && !slices.ContainsFunc(security, func(alternative map[string]any) bool { return len(alternative) == 0 })
			for code, response := range w.Responses {
				at := pointer("paths", path, strings.ToLower(method), "responses", code)
				if o.answers[code], err = written.answer(response, at); err != nil {
					return nil, fmt.Errorf("%s %s: %w", o.ID, code, err)
				}
				if status, err := strconv.Atoi(code); err == nil {
					o.Statuses = append(o.Statuses, status)
				} else if code != "default" {
					return nil, fmt.Errorf("%s: %s is not a status this package reads", o.ID, code)
				}
			}
			slices.Sort(o.Statuses)
			r.operations[method] = o
		}
		d.routes = append(d.routes, r)
	}
	if len(d.routes) == 0 {
		return nil, errors.New("it has no operations")
	}
	slices.SortFunc(d.routes, func(a, b route) int { return slices.CompareFunc(a.segments, b.segments, compareSegments) })
	return d, nil
}

// compareSegments orders what is written before what is a parameter.
func compareSegments(a, b string) int {
	isParameter := func(s string) int {
		if strings.HasPrefix(s, "{") {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(isParameter(a), isParameter(b)), strings.Compare(a, b))
}

// find returns what the path is, as OpenAPI resolves it: what is written comes
// before what is a parameter.
func (d *document) find(path string) (route, bool) {
	given := strings.Split(path, "/")
	for _, r := range d.routes {
		if len(r.segments) == len(given) && slices.EqualFunc(r.segments, given, func(template, segment string) bool {
			return template == segment || strings.HasPrefix(template, "{") && segment != ""
		}) {
			return r, true
		}
	}
	return route{}, false
}

// allowed are the methods of the route, sorted.
func (r route) allowed() []string { return slices.Sorted(maps.Keys(r.operations)) }

// schema compiles the schema at the JSON pointer; the compiler remembers it.
func (d *document) schema(at string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compiler.Compile(location + "#" + at)
}

// source is an OpenAPI document as it is written, as far as it matters here.
type source struct {
	Security   []map[string]any
	Paths      map[string]sourcePath
	Components struct {
		Responses map[string]sourceResponse
		Headers   map[string]sourceHeader
	}
}

type sourcePath struct {
	Get, Post, Put, Patch, Delete *sourceOperation
	Head, Options, Trace          any
}

type sourceOperation struct {
	OperationID string
	Security    *[]map[string]any
	RequestBody map[string]any
	Responses   map[string]sourceResponse
}

type sourceResponse struct {
	Ref     string `json:"$ref"`
	Content map[string]any
	Headers map[string]sourceHeader
}

type sourceHeader struct {
	Ref      string `json:"$ref"`
	Required bool
}

// answer follows references; at is where the response is written.
func (s source) answer(r sourceResponse, at string) (answer, error) {
	if r.Ref != "" {
		name := strings.TrimPrefix(r.Ref, "#/components/responses/")
		referred, known := s.Components.Responses[name]
		if !known {
			return answer{}, fmt.Errorf("there is no %s", r.Ref)
		}
		r, at = referred, pointer("components", "responses", name)
	}
	a := answer{schemas: map[string]string{}, headers: map[string]header{}}
	for mediaType := range r.Content {
		a.schemas[mediaType] = at + pointer("content", mediaType, "schema")
	}
	for name, h := range r.Headers {
		at := at + pointer("headers", name)
		if h.Ref != "" {
			referred, known := s.Components.Headers[strings.TrimPrefix(h.Ref, "#/components/headers/")]
			if !known {
				return answer{}, fmt.Errorf("there is no %s", h.Ref)
			}
			h, at = referred, pointer("components", "headers", strings.TrimPrefix(h.Ref, "#/components/headers/"))
		}
		a.headers[http.CanonicalHeaderKey(name)] = header{h.Required, at + "/schema"}
	}
	return a, nil
}

// pointer is a JSON pointer as it stands in the fragment of a URL.
func pointer(names ...string) string {
	var p strings.Builder
	for _, name := range names {
		p.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name)))
	}
	return p.String()
}
