package contracts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
)

// codes are the problems that each document can answer, by their status.
var codes = map[string]map[int][]string{
	"bus": {
		400: {"invalid_request"}, 401: {"unauthenticated"}, 403: {"forbidden"}, 404: {"not_found"}, 405: {"method_not_allowed"},
		409: {"subscription_reserved", "subscription_taken", "too_many_subscriptions"}, 413: {"payload_too_large"},
		415: {"unsupported_media_type"}, 500: {"internal"}, 503: {"unavailable"},
	},
	"identity": {
		400: {"invalid_request"}, 401: {"unauthenticated"}, 405: {"method_not_allowed"}, 409: {"email_taken"},
		413: {"payload_too_large"}, 415: {"unsupported_media_type"}, 422: {"idempotency_key_reused"}, 429: {"rate_limited"},
		500: {"internal"},
	},
	"info": {
		400: {"invalid_request"}, 401: {"unauthenticated"}, 403: {"forbidden"}, 404: {"not_found"}, 405: {"method_not_allowed"},
		409: {"in_progress", "page_exists"}, 412: {"version_conflict"}, 413: {"payload_too_large"}, 415: {"unsupported_media_type"},
		422: {"idempotency_key_reused"}, 429: {"rate_limited"}, 500: {"internal"}, 503: {"unavailable"},
	},
	"notifications": {
		400: {"invalid_request"}, 401: {"unauthenticated"}, 404: {"not_found"}, 405: {"method_not_allowed"}, 413: {"payload_too_large"},
		415: {"unsupported_media_type"}, 429: {"rate_limited"}, 500: {"internal"},
	},
	"shows": {
		400: {"invalid_request"}, 401: {"unauthenticated"}, 403: {"forbidden"}, 404: {"not_found"}, 405: {"method_not_allowed"},
		409: {"in_progress", "performance_cancelled", "seat_map_changing", "seats_held", "seats_sold", "show_cancelled"},
		412: {"version_conflict"}, 413: {"payload_too_large"}, 415: {"unsupported_media_type"},
		422: {"area_kind_changed", "idempotency_key_reused", "invalid_local_time", "mixed_currencies", "unknown_seat_plan"},
		429: {"rate_limited"}, 500: {"internal"}, 503: {"unavailable"},
	},
	"tickets": {
		400: {"invalid_request"}, 401: {"unauthenticated"}, 402: {"payment_declined"}, 403: {"forbidden"}, 404: {"not_found"},
		405: {"method_not_allowed"},
		409: {
			"already_admitted", "already_refunded", "hold_expired", "hold_used", "in_progress", "not_cancellable", "not_refundable",
			"not_sold_out", "presale_code_exhausted", "returns_closed", "sales_closed", "seat_map_changing", "seats_held", "seats_sold",
			"seats_unavailable", "sold_out", "ticket_admitted",
		},
		410: {"ticket_void"}, 413: {"payload_too_large"}, 415: {"unsupported_media_type"},
		422: {
			"area_kind_changed", "idempotency_key_reused", "invalid_code", "invalid_presale_code", "limit_exceeded", "unknown_channel", "unknown_concession",
			"unknown_price_category", "unknown_seat", "unknown_ticket",
		},
		429: {"rate_limited"}, 500: {"internal"},
	},
}

// document is an OpenAPI document.
type document struct {
	name     string
	root     map[string]any
	compiler *jsonschema.Compiler
}

// documents returns the documents by the names of their services.
func documents(t *testing.T) map[string]*document {
	t.Helper()
	files, err := fs.Glob(contracts.Files, "api/*.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*document{}
	for _, file := range files {
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(path.Base(file), ".openapi.yaml")
		all[name] = parseDocument(t, name, text)
	}
	if len(all) == 0 {
		t.Fatal("there is no document")
	}
	return all
}

func parseDocument(t *testing.T, name string, text []byte) *document {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if where := unquotedTime("", value); where != "" {
		t.Fatalf("%s: %s is a time to some readers of YAML and a string to others: quote it", name, where)
	}
	// The validator wants what a JSON decoder makes.
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(location(name), root); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &document{name: name, root: root.(map[string]any), compiler: compiler}
}

func location(name string) string { return "https://ticketmesh.dev/api/" + name }

func unquotedTime(pointer string, value any) string {
	switch v := value.(type) {
	case time.Time:
		return pointer
	case map[string]any:
		for name, member := range v {
			if where := unquotedTime(pointer+"/"+escape(name), member); where != "" {
				return where
			}
		}
	case []any:
		for i, item := range v {
			if where := unquotedTime(pointer+"/"+strconv.Itoa(i), item); where != "" {
				return where
			}
		}
	}
	return ""
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// at follows the pointer, and references where it leads to some; it returns
// where it got to.
func (d *document) at(t *testing.T, pointer string) (string, map[string]any) {
	t.Helper()
	var value any = d.root
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(v) {
				t.Fatalf("%s: %s leads nowhere", d.name, pointer)
			}
			value = v[i]
		}
	}
	object, ok := value.(map[string]any)
	if !ok {
		t.Fatalf("%s: %s leads to %T", d.name, pointer, value)
	}
	if reference, ok := object["$ref"].(string); ok {
		return d.at(t, strings.TrimPrefix(reference, "#"))
	}
	return pointer, object
}

// validate returns what the schema at the pointer says against the value.
func (d *document) validate(pointer string, value any) error {
	schema, err := d.compiler.Compile(location(d.name) + "#" + pointer)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// examples are those of a media type, parameter or header at the pointer, by
// where they stand: beside its schema or else in it.
func (d *document) examples(t *testing.T, pointer string) map[string]any {
	t.Helper()
	_, object := d.at(t, pointer)
	found := map[string]any{}
	if example, ok := object["example"]; ok {
		found[pointer+"/example"] = example
	}
	named, _ := object["examples"].(map[string]any)
	for name := range named {
		_, example := d.at(t, pointer+"/examples/"+escape(name))
		found[pointer+"/examples/"+name] = example["value"]
	}
	if len(found) > 0 || object["schema"] == nil {
		return found
	}
	pointer, schema := d.at(t, pointer+"/schema")
	list, _ := schema["examples"].([]any)
	for i, example := range list {
		found[pointer+"/examples/"+strconv.Itoa(i)] = example
	}
	return found
}

// contents calls do with every media type of every request and every response
// of every operation; the status is empty for a request.
func (d *document) contents(t *testing.T, do func(operation, status, mediaType, pointer string)) {
	t.Helper()
	for route := range d.root["paths"].(map[string]any) {
		pathPointer, item := d.at(t, "/paths/"+escape(route))
		for method, operation := range item {
			members, ok := operation.(map[string]any)
			if !ok || members["responses"] == nil {
				continue
			}
			name := strings.ToUpper(method) + " " + route
			each := func(pointer, status string) {
				pointer, body := d.at(t, pointer)
				media, _ := body["content"].(map[string]any)
				for mediaType := range media {
					do(name, status, mediaType, pointer+"/content/"+escape(mediaType))
				}
			}
			if members["requestBody"] != nil {
				each(pathPointer+"/"+method+"/requestBody", "")
			}
			for status := range members["responses"].(map[string]any) {
				each(pathPointer+"/"+method+"/responses/"+status, status)
			}
		}
	}
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

func TestEveryBodyHasAnExample(t *testing.T) {
	t.Parallel()
	for name, d := range documents(t) {
		requests, responses := 0, 0
		d.contents(t, func(operation, status, mediaType, pointer string) {
			if status == "" {
				requests++
			} else {
				responses++
			}
			if mediaType == "*/*" || status != "" && !isJSON(mediaType) {
				return // an image, a document or a page
			}
			if len(d.examples(t, pointer)) == 0 {
				t.Errorf("%s: %s %s: %s has no example", name, operation, status, mediaType)
			}
		})
		if requests == 0 || responses < 5 {
			t.Errorf("%s: only %d requests and %d responses were looked at", name, requests, responses)
		}
	}
}

// TestExamplesKeepToTheirSchemas walks whole documents, since examples stand
// also in parameters, headers and schemas that no body has.
func TestExamplesKeepToTheirSchemas(t *testing.T) {
	t.Parallel()
	for name, d := range documents(t) {
		judged := 0
		for where, err := range d.judge(t, "", d.root) {
			judged++
			if err != nil {
				t.Errorf("%s: %s: %v", name, where, err)
			}
		}
		if judged < 15 {
			t.Errorf("%s: only %d examples were looked at", name, judged)
		}
	}
}

// judge returns what is wrong with each example below the pointer.
func (d *document) judge(t *testing.T, pointer string, value any) map[string]error {
	t.Helper()
	found := map[string]error{}
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			maps.Copy(found, d.judge(t, pointer+"/"+strconv.Itoa(i), item))
		}
	case map[string]any:
		if v["schema"] != nil {
			for where, example := range d.examples(t, pointer) {
				found[where] = d.validate(pointer+"/schema", example)
			}
		}
		for name, member := range v {
			below := pointer + "/" + escape(name)
			if list, ok := member.([]any); ok && name == "examples" {
				for i, example := range list {
					found[below+"/"+strconv.Itoa(i)] = d.validate(pointer, example)
				}
			}
			// What is in an example only looks like a document.
			if property := strings.HasSuffix(pointer, "/properties"); property || name != "example" && name != "examples" {
				maps.Copy(found, d.judge(t, below, member))
			}
		}
	}
	return found
}

func TestProblemsAreThoseOfTheirStatus(t *testing.T) {
	t.Parallel()
	all := documents(t)
	if got, want := slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(codes)); !slices.Equal(got, want) {
		t.Errorf("documents %v, codes of %v", got, want)
	}
	for name, d := range all {
		shown := map[int][]string{}
		d.contents(t, func(operation, status, mediaType, pointer string) {
			if mediaType != "application/problem+json" {
				if status == "default" || len(status) == 3 && status[0] >= '4' {
					t.Errorf("%s: %s: %s is %s", name, operation, status, mediaType)
				}
				return
			}
			for where, example := range d.examples(t, pointer) {
				problem, err := problemOf(example)
				if err != nil {
					t.Errorf("%s: %s: %v", name, where, err)
					continue
				}
				code := problem.Code
				switch {
				case status != "default" && status != strconv.Itoa(problem.Status):
					t.Errorf("%s: %s: %s of status %d stands at %s", name, operation, code, problem.Status, status)
				case !slices.Contains(codes[name][problem.Status], code):
					t.Errorf("%s: %s: %d has no code %s", name, where, problem.Status, code)
				case path.Base(where) != code || problem.Type != "https://ticketmesh.dev/problems/"+code:
					t.Errorf("%s: %s: has the code %s and the type %s", name, where, code, problem.Type)
				case !slices.Contains(shown[problem.Status], code):
					shown[problem.Status] = append(shown[problem.Status], code)
				}
			}
		})
		for status, want := range codes[name] {
			slices.Sort(shown[status])
			if !slices.Equal(shown[status], want) {
				t.Errorf("%s: problems of %d have examples for %v, want %v", name, status, shown[status], want)
			}
		}
	}
}

type problem struct {
	Type, Code string
	Status     int
}

func problemOf(example any) (problem, error) {
	var p problem
	encoded, err := json.Marshal(example)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(encoded, &p); err != nil {
		return p, fmt.Errorf("not a problem: %w", err)
	}
	return p, nil
}

// TestWhatAPathNamesCanBeMissing: a part of a path that is malformed names nothing,
// also where a PUT makes what is not there.
func TestWhatAPathNamesCanBeMissing(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		for path, operations := range d.root["paths"].(map[string]any) {
			if !strings.Contains(path, "{") {
				continue
			}
			for method, operation := range operations.(map[string]any) {
				o, _ := operation.(map[string]any) // parameters of all are a list
				if responses, found := o["responses"].(map[string]any); found && responses["404"] == nil {
					t.Errorf("%s: %s %s cannot answer 404", d.name, method, path)
				}
			}
		}
	}
}
