package expectations_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/asyncapi"
	"ticketmesh.dev/contracts/expectations"
)

func all(t *testing.T) expectations.Set {
	t.Helper()
	set, err := expectations.All()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestSchemasHoldWhatConsumersExpect names the consumer that a change to a
// schema would break.
func TestSchemasHoldWhatConsumersExpect(t *testing.T) {
	t.Parallel()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	if err := all(t).CheckSchemas(validator); err != nil {
		t.Error(err)
	}
}

func TestExamplesHoldWhatConsumersExpect(t *testing.T) {
	t.Parallel()
	set := all(t)
	checked := 0
	err := fs.WalkDir(contracts.Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(path.Dir(file)) != "examples" {
			return err
		}
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			return err
		}
		var e struct {
			Type string
			Data json.RawMessage
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		if err := set.Check(e.Type, e.Data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		checked++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 60 {
		t.Errorf("checked %d examples", checked)
	}
}

// TestEveryDocumentedConsumerSaysWhatItExpects compares with asyncapi.yaml, in
// which a consumer outside the workspace need not be.
func TestEveryDocumentedConsumerSaysWhatItExpects(t *testing.T) {
	t.Parallel()
	set := all(t)
	documented, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	for name, types := range documented {
		c, err := set.Of(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if !slices.Equal(c.Types(), types) {
			t.Errorf("%s expects\n%v, but asyncapi.yaml has\n%v", name, c.Types(), types)
		}
	}
	if len(documented) == 0 {
		t.Error("asyncapi.yaml has no consumers")
	}
}

const right = `
consumer: strangers-seats
description: Draws seats.
events:
  - type: ticketmesh.test.it.happened.v1
    needs: [/id]
    uses: [/note]
`

func TestAFileIsReadStrictly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give, want string
	}{
		{"unknown key", strings.Replace(right, "description:", "purpose:", 1), "purpose"},
		{"unknown key of an event", strings.Replace(right, "uses:", "reads:", 1), "reads"},
		{"key twice", right + "consumer: again\n", "already defined"},
		{"two documents", right + "---\n" + right, "second document"},
		{"nothing", "", "EOF"},
		{"no consumer", strings.Replace(right, "consumer: strangers-seats", "consumer:", 1), "consumer is"},
		{"a consumer no queue is called", strings.Replace(right, "strangers-seats", "Strangers_Seats", 1), "consumer is"},
		{"another name than the file", strings.Replace(right, "strangers-seats", "strangers-places", 1), "strangers-places"},
		{"no description", strings.Replace(right, "Draws seats.", "", 1), "description is missing"},
		{"no events", right[:strings.Index(right, "events:")], "events are missing"},
		{"type twice", right + "  - type: ticketmesh.test.it.happened.v1\n", "is there twice"},
		{"pointer twice", strings.Replace(right, "[/id]", "[/id, /id]", 1), "/id is there twice"},
		{"needed and used", strings.Replace(right, "/note", "/id", 1), "/id is there twice"},
		{"no slash", strings.Replace(right, "/id", "id", 1), "no JSON pointer"},
		{"the whole", strings.Replace(right, "/id", `""`, 1), "no JSON pointer"},
		{"empty step", strings.Replace(right, "/id", "/id//x", 1), "no JSON pointer"},
		{"wrong escape", strings.Replace(right, "/id", "/i~2d", 1), "no JSON pointer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := expectations.Load(fstest.MapFS{"x/strangers-seats.yaml": {Data: []byte(tt.give)}}, "x")
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "x/strangers-seats.yaml") {
				t.Errorf("Load() = %v, want the file's name and %q", err, tt.want)
			}
		})
	}
	set, err := expectations.Load(fstest.MapFS{"x/strangers-seats.yaml": {Data: []byte(right)}}, "x")
	want := expectations.Set{{Name: "strangers-seats", Description: "Draws seats.", Events: []expectations.Event{
		{Type: happened, Needs: []expectations.Pointer{"/id"}, Uses: []expectations.Pointer{"/note"}},
	}}}
	if err != nil || !reflect.DeepEqual(set, want) {
		t.Errorf("Load() = %+v, %v, want %+v", set, err, want)
	}
	if _, err := set.Of("nobody"); err == nil {
		t.Error("a consumer without a file has expectations")
	}
}

const happened = "ticketmesh.test.it.happened.v1"

// schema of the event that the tests' consumers expect things of.
const schema = `{
	"allOf": [{"$ref": "#/$defs/base"}],
	"required": ["items", "list"],
	"properties": {
		"note": {"type": "string"},
		"items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
		"list": {"type": "array", "items": {"type": ["string", "null"]}},
		"a/b~c": {"type": "string"},
		"part": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}
	},
	"$defs": {
		"base": {"type": "object", "required": ["id", "state"], "properties": {"id": {"type": "string"}, "state": {"type": ["string", "null"]}}},
		"item": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}, "seat": {"type": "string"}}}
	}
}`

type schemas struct{ compiled *jsonschema.Schema }

func (s schemas) Schema(eventType string) (*jsonschema.Schema, error) {
	if eventType != happened {
		return nil, contracts.ErrUnknownType
	}
	return s.compiled, nil
}

func compile(t *testing.T) schemas {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("test.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("test.json")
	if err != nil {
		t.Fatal(err)
	}
	return schemas{compiled}
}

func expect(eventType string, needs, uses []expectations.Pointer) expectations.Set {
	return expectations.Set{{Name: "strangers-seats", Events: []expectations.Event{{Type: eventType, Needs: needs, Uses: uses}}}}
}

type pointers = []expectations.Pointer

func TestASchemaMustHoldWhatIsExpected(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		eventType   string
		needs, uses pointers
		want        string // none: it holds
	}{
		{"required, also by a schema referred to", happened, pointers{"/id", "/items/*/code"}, nil, ""},
		{"an object or array as such", happened, pointers{"/items", "/items/*"}, pointers{"/part"}, ""},
		{"declared", happened, nil, pointers{"/note", "/items/*/seat", "/state", "/list/*", "/a~1b~0c", "/part/code"}, ""},
		{"required below what is used", happened, pointers{"/part/code"}, pointers{"/part"}, ""},
		{"unknown type", "ticketmesh.test.unheard.of.v1", nil, nil, "no schema"},
		{"needs what is not declared", happened, pointers{"/gone"}, nil, "needs /gone: the schema does not declare /gone"},
		{"uses what is not declared", happened, nil, pointers{"/items/*/gone"}, "uses /items/*/gone: the schema does not declare /items/*/gone"},
		{"items of an object", happened, nil, pointers{"/part/*"}, "does not declare /part/*"},
		{"member of an array", happened, nil, pointers{"/items/code"}, "does not declare /items/code"},
		{"needs what is optional", happened, pointers{"/note"}, nil, "needs /note: the schema does not require /note"},
		{"needs what is optional in each item", happened, pointers{"/items/*/seat"}, nil, "does not require /items/*/seat"},
		{"needs below what is optional", happened, pointers{"/part/code"}, nil, "does not require /part"},
		{"needs what may be null", happened, pointers{"/state"}, nil, "lets /state be null"},
		{"needs items that may be null", happened, pointers{"/list/*"}, nil, "lets /list/* be null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := expect(tt.eventType, tt.needs, tt.uses).CheckSchemas(compile(t))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("CheckSchemas() = %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "expectations/strangers-seats.yaml: "+tt.eventType)):
				t.Errorf("CheckSchemas() = %v, want the file and %q", err, tt.want)
			}
		})
	}
}

func TestAnEventMustHaveWhatIsNeeded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		give        string
		needs, uses pointers
		want        []string
	}{
		{"all is there", `{"items":[{"code":"a"},{"code":""}],"n":0,"b":false}`, pointers{"/items/*/code", "/n", "/b"}, nil, nil},
		{"a list of none", `{"items":[]}`, pointers{"/items/*/code"}, nil, nil},
		{"a member", `{}`, pointers{"/id"}, nil, []string{"/id"}},
		{"null", `{"id":null}`, pointers{"/id"}, nil, []string{"/id"}},
		{"some items' members", `{"items":[{"code":"a"},{},{"code":null}]}`, pointers{"/items/*/code"}, nil, []string{"/items/1/code", "/items/2/code"}},
		{"what is above", `{}`, pointers{"/items/*/code"}, nil, []string{"/items"}},
		{"another kind above", `{"items":"x","part":[]}`, pointers{"/items/*/code", "/part/code"}, nil, []string{"/items/*", "/part/code"}},
		{"what is used need not be there", `{"part":null}`, pointers{"/part/code"}, pointers{"/part", "/note"}, nil},
		{"but when it is, what is needed in it too", `{"part":{}}`, pointers{"/part/code"}, pointers{"/part"}, []string{"/part/code"}},
		{"an escaped name", `{}`, pointers{"/a~1b~0c"}, nil, []string{"/a/b~c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := expect(happened, tt.needs, tt.uses)
			var got []string
			for _, err := range joined(set.Check(happened, []byte(tt.give))) {
				var missing *expectations.MissingError
				if !errors.As(err, &missing) || missing.Consumer != "strangers-seats" || missing.Type != happened || !strings.Contains(err.Error(), missing.Pointer) {
					t.Fatalf("Check() = %v, want a MissingError", err)
				}
				got = append(got, missing.Pointer)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("missing %v, want %v", got, tt.want)
			}
		})
	}
	set := expect(happened, pointers{"/id"}, nil)
	if err := set.Check("ticketmesh.test.it.else.v1", []byte(`{}`)); err != nil {
		t.Errorf("a type nobody expects: %v", err)
	}
	if err := set.Check(happened, []byte(`{`)); err == nil {
		t.Error("what is not JSON holds")
	}
	two := append(set, expectations.Consumer{Name: "others", Events: []expectations.Event{{Type: happened, Needs: pointers{"/id"}}}})
	if got := joined(two.Check(happened, []byte(`{}`))); len(got) != 2 {
		t.Errorf("two consumers miss it: %v", got)
	}
}

func joined(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // that is what Join returns
		return several.Unwrap()
	}
	return nil
}

func TestCutLeavesWhatIsStated(t *testing.T) {
	t.Parallel()
	e := expectations.Event{Needs: pointers{"/id", "/items/*/code", "/part"}, Uses: pointers{"/list", "/maps/*/x", "/none/at/all"}}
	got, err := e.Cut([]byte(`{"id":9007199254740993,"more":1,"items":[{"code":"a","seat":"1"},{"seat":"2"}],"part":{"code":"x"},"list":["a",null],"maps":{"k":1}}`))
	if want := `{"id":9007199254740993,"items":[{"code":"a"},{}],"list":["a",null],"maps":{},"part":{}}`; err != nil || string(got) != want {
		t.Errorf("Cut() = %s, %v, want %s", got, err, want)
	}
	if _, err := e.Cut([]byte(`{`)); err == nil {
		t.Error("what is not JSON was cut")
	}
}

func TestWithoutTakesOneThingOut(t *testing.T) {
	t.Parallel()
	const whole = `{"items":[{"code":"a","seat":"1"},{"code":"b"}],"list":["a"]}`
	tests := []struct {
		give      expectations.Pointer
		want      string
		wantFound bool
	}{
		{"/items", `{"list":["a"]}`, true},
		{"/items/*", `{"items":[],"list":["a"]}`, true},
		{"/items/*/code", `{"items":[{"seat":"1"},{}],"list":["a"]}`, true},
		{"/items/*/seat", `{"items":[{"code":"a"},{"code":"b"}],"list":["a"]}`, true},
		{"/items/*/gone", whole, false},
		{"/items/code", whole, false},
		{"/list/*/x", whole, false},
		{"/gone/x", whole, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.give), func(t *testing.T) {
			t.Parallel()
			got, found, err := expectations.Without([]byte(whole), tt.give)
			if err != nil || string(got) != tt.want || found != tt.wantFound {
				t.Errorf("Without() = %s, %t, %v, want %s, %t", got, found, err, tt.want, tt.wantFound)
			}
		})
	}
}
