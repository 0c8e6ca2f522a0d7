package catalogue

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// api is one OpenAPI document.
type api struct {
	Service     string
	Title       string
	Version     string
	Description template.HTML
	Groups      []*operations
	Problem     []table // members of a problem
	History     []change
	Page        string
	Document    string // file
}

// operations are those of a tag.
type operations struct {
	Name        string
	Description template.HTML
	List        []*operation
}

type operation struct {
	ID          string
	Service     string
	Method      string
	Path        string
	Summary     string
	Description template.HTML
	Security    string
	Parameters  []field
	Body        *body
	Responses   []*response // of success
	Problems    []*response
	Curl        string
	Page        string // with its anchor
	said        string // description as text
	query       []string
}

// body is what a request carries.
type body struct {
	Required bool
	Types    []string // media types
	Fields   []table
	example  any // nil unless JSON
	text     string
}

type response struct {
	Status      string
	Title       string // of the status
	Description template.HTML
	Headers     []field
	Types       []string
	Fields      []table
	Example     template.HTML // empty unless JSON
	Codes       []string      // of a problem
	said        string
	shown       map[string]*object // problems, by their code
}

// Count is how many operations there are.
func (a *api) Count() int {
	count := 0
	for _, group := range a.Groups {
		count += len(group.List)
	}
	return count
}

// Anchor is the operation's id on its page.
func (o *operation) Anchor() string { return anchorOf(o.ID) }

var methods = []string{"get", "post", "put", "patch", "delete"}

func (m *model) readAPIs() error {
	files, err := fs.Glob(m.documents.files, "api/*.openapi.yaml")
	if err != nil {
		return err
	}
	for _, name := range files {
		document, err := m.documents.open(name)
		if err != nil {
			return err
		}
		a, err := m.readAPI(name, document)
		if err != nil {
			return of(name, err)
		}
		m.service(a.Service).API = a
	}
	return nil
}

func (m *model) readAPI(name string, document *object) (*api, error) {
	info := document.child("info")
	service := strings.TrimSuffix(path.Base(name), ".openapi.yaml")
	a := &api{
		Service: service, Title: info.text("title"), Version: info.text("version"), Description: prose(info.text("description")),
		Page: "api/" + service + ".html", Document: name,
	}
	var err error
	if a.History, err = history(info); err != nil {
		return nil, err
	}
	problem, err := m.documents.follow(name, document.child("components").child("schemas").get("Problem"))
	if err != nil {
		return nil, of("Problem", err)
	}
	if a.Problem, err = m.documents.tables("problem", problem); err != nil {
		return nil, err
	}
	for _, item := range document.list("tags") {
		tag, ok := item.(*object)
		if !ok {
			return nil, errors.New("a tag is no object")
		}
		a.Groups = append(a.Groups, &operations{Name: tag.text("name"), Description: prose(tag.text("description"))})
	}
	paths := document.child("paths")
	for _, route := range paths.all() {
		item := paths.child(route)
		for _, method := range methods {
			if !item.has(method) {
				continue
			}
			o, tag, err := m.readOperation(a, document, route, method, item)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, route, err)
			}
			i := slices.IndexFunc(a.Groups, func(g *operations) bool { return g.Name == tag })
			if i < 0 {
				return nil, fmt.Errorf("%s %s: unknown tag %q", method, route, tag)
			}
			a.Groups[i].List = append(a.Groups[i].List, o)
		}
	}
	return a, nil
}

func (m *model) readOperation(a *api, document *object, route, method string, item *object) (*operation, string, error) {
	given := item.child(method)
	o := &operation{
		ID: given.text("operationId"), Service: a.Service, Method: strings.ToUpper(method), Path: route,
		Summary: strings.TrimSuffix(given.text("summary"), "."), said: given.text("description"),
	}
	o.Description = prose(o.said)
	o.Page = a.Page + "#" + o.Anchor()
	security := document.list("security")
	if given.has("security") {
		security = given.list("security")
	}
	o.Security = secured(security)
	for _, reference := range slices.Concat(item.list("parameters"), given.list("parameters")) {
		f, sample, err := m.readParameter(o.Anchor(), a.Document, reference)
		if err != nil {
			return nil, "", err
		}
		o.Parameters = append(o.Parameters, f)
		if f.In == "query" && f.Required {
			o.query = append(o.query, f.Name+"="+sample)
		}
	}
	if given.has("requestBody") {
		read, err := m.readBody(o.Anchor(), a.Document, given.get("requestBody"))
		if err != nil {
			return nil, "", of("requestBody", err)
		}
		o.Body = read
	}
	responses := given.child("responses")
	for _, status := range responses.all() {
		r, err := m.readResponse(o.Anchor(), a.Document, status, responses.get(status))
		if err != nil {
			return nil, "", of(status, err)
		}
		if r.Status >= "400" { // "default" as well
			r.Codes = codesOf(o, r)
			o.Problems = append(o.Problems, r)
		} else {
			o.Responses = append(o.Responses, r)
		}
	}
	o.Curl = curl(o)
	tag := texts(given.list("tags"))
	if len(tag) == 0 {
		return nil, "", errors.New("it has no tag")
	}
	return o, tag[0], nil
}

func secured(requirements []any) string {
	var names []string
	optional := len(requirements) == 0
	for _, requirement := range requirements {
		o, _ := requirement.(*object)
		if len(o.all()) == 0 {
			optional = true
		}
		names = append(names, strings.Join(o.all(), " and "))
	}
	said := strings.Join(slices.DeleteFunc(names, func(name string) bool { return name == "" }), " or ")
	switch {
	case said == "":
		return "Public: no token is needed."
	case optional:
		return "Public; a " + said + " token is taken when there is one."
	}
	return "Needs a " + said + " token."
}

func (m *model) readParameter(anchor, file string, reference any) (field, string, error) {
	p, err := m.documents.follow(file, reference)
	if err != nil {
		return field{}, "", err
	}
	schema, err := m.documents.follow(p.file, p.get("schema"))
	if err != nil {
		return field{}, "", of(p.text("name"), err)
	}
	f, err := m.documents.describe(schema)
	if err != nil {
		return field{}, "", err
	}
	f.Name, f.In, f.Required = p.text("name"), p.text("in"), p.get("required") == true
	if said := p.text("description"); said != "" {
		f.Description = prose(said)
	}
	f.Anchor = anchorOf(anchor, f.In, f.Name)
	sample, err := m.documents.sample(schema)
	if p.has("example") {
		sample = p.get("example")
	}
	if text, ok := sample.(string); ok {
		return f, text, err
	}
	return f, literal(sample), err
}

func (m *model) readBody(anchor, file string, reference any) (*body, error) {
	p, err := m.documents.follow(file, reference)
	if err != nil {
		return nil, err
	}
	b := &body{Required: p.get("required") == true, Types: p.child("content").all()}
	for _, media := range b.Types[:1] {
		content := p.child("content").child(media)
		schema, err := m.documents.follow(p.file, content.get("schema"))
		if err != nil {
			return nil, err
		}
		if b.Fields, err = m.documents.tables(anchor+"-body", schema); err != nil {
			return nil, err
		}
		if !isJSON(media) {
			continue
		}
		if b.example, err = m.example(content, schema); err != nil {
			return nil, err
		}
		text, err := compact(b.example)
		if err != nil {
			return nil, err
		}
		if len(text) > 60 {
			if text, err = indented(b.example); err != nil {
				return nil, err
			}
		}
		b.text = string(text)
	}
	return b, nil
}

// example returns what the content's document gives as an example, or one made
// of its schema's, with sensitive values masked.
func (m *model) example(content *object, schema part) (any, error) {
	value := content.get("example")
	if examples := content.child("examples"); len(examples.all()) > 0 {
		value = examples.child(examples.names[0]).get("value")
	}
	if value == nil {
		var err error
		if value, err = m.documents.sample(schema); err != nil {
			return nil, err
		}
	}
	return m.documents.conceal(value, schema)
}

func (m *model) readResponse(anchor, file, status string, reference any) (*response, error) {
	p, err := m.documents.follow(file, reference)
	if err != nil {
		return nil, err
	}
	r := &response{Status: status, said: p.text("description"), Description: prose(p.text("description"))}
	if code, err := strconv.Atoi(status); err == nil {
		r.Title = http.StatusText(code)
	}
	anchor = anchorOf(anchor, status)
	headers := p.child("headers")
	for _, name := range headers.all() {
		header, err := m.documents.follow(p.file, headers.get(name))
		if err != nil {
			return nil, err
		}
		schema, err := m.documents.follow(header.file, header.get("schema"))
		if err != nil {
			return nil, err
		}
		f, err := m.documents.describe(schema)
		if err != nil {
			return nil, err
		}
		f.Name, f.Anchor, f.Required = name, anchorOf(anchor, "header", name), header.get("required") == true
		if said := header.text("description"); said != "" {
			f.Description = prose(said)
		}
		r.Headers = append(r.Headers, f)
	}
	r.Types = p.child("content").all()
	for _, media := range r.Types {
		content := p.child("content").child(media)
		if !isJSON(media) || r.Fields != nil {
			continue
		}
		schema, err := m.documents.follow(p.file, content.get("schema"))
		if err != nil {
			return nil, err
		}
		if r.Fields, err = m.documents.tables(anchor, schema); err != nil {
			return nil, err
		}
		value, err := m.example(content, schema)
		if err != nil {
			return nil, err
		}
		if r.Example, err = highlight(value); err != nil {
			return nil, err
		}
		r.shown = examplesOf(content)
	}
	return r, nil
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// curl is the operation as a command, for a shell with BASE and TOKEN.
func curl(o *operation) string {
	var b strings.Builder
	b.WriteString("curl ")
	if o.Method != http.MethodGet && !(o.Method == http.MethodPost && o.Body != nil) {
		b.WriteString("-X " + o.Method + " ")
	}
	target := pathVariables.ReplaceAllStringFunc(o.Path, func(name string) string { return "$" + upperSnake(strings.Trim(name, "{}")) })
	if len(o.query) > 0 {
		target += "?" + strings.Join(o.query, "&")
	}
	b.WriteString(`"$BASE` + target + `"`)
	if strings.HasPrefix(o.Security, "Needs") {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $TOKEN\"")
	}
	for _, f := range o.Parameters {
		if f.In == "header" && (f.Required || f.Name == "Idempotency-Key") {
			b.WriteString(" \\\n  -H " + shellQuoted(f.Name+": "+headerSamples[f.Name]))
		}
	}
	if o.Body != nil && o.Body.text != "" {
		b.WriteString(" \\\n  -H " + shellQuoted("Content-Type: "+o.Body.Types[0]) + " \\\n  -d " + shellQuoted(o.Body.text))
	}
	if name := path.Base(o.Path); strings.HasSuffix(name, ".png") || strings.HasSuffix(name, ".pdf") {
		b.WriteString(" \\\n  -o " + name)
	}
	return b.String()
}

var headerSamples = map[string]string{"Idempotency-Key": "a-key-of-your-own"}

var (
	pathVariables = regexp.MustCompile(`\{\w+\}`)
	hump          = regexp.MustCompile(`([a-z])([A-Z])`)
)

// upperSnake is a name as shells write variables.
func upperSnake(name string) string { return strings.ToUpper(hump.ReplaceAllString(name, "${1}_$2")) }
