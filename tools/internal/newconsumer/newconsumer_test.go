package newconsumer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"

	"ticketmesh.dev/tools/internal/newconsumer"
)

const confirmed = "ticketmesh.tickets.order.confirmed.v1"

func allTypes(t *testing.T) []string {
	t.Helper()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return validator.Types()
}

func write(t *testing.T, o newconsumer.Options) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), o.Name)
	if _, err := newconsumer.Write(folder, o); err != nil {
		t.Fatal(err)
	}
	return folder
}

// goRun runs the go command in a module that stands alone.
func goRun(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}

// TestEveryEventMakesAModuleThatPassesItsTests, also when enumerations have grown.
func TestEveryEventMakesAModuleThatPassesItsTests(t *testing.T) {
	t.Parallel()
	folder := write(t, newconsumer.Options{Name: "every-event", Module: "example.org/x/every", Types: allTypes(t)})
	goRun(t, folder, "vet", "./...")
	goRun(t, folder, "test", "./...")
	grown := growEnumerations(t, folder)
	if grown < 20 {
		t.Errorf("only %d values were made unknown", grown)
	}
	goRun(t, folder, "test", "-count=1", "./...")
}

// growEnumerations replaces the values of enumerations in a module's examples.
func growEnumerations(t *testing.T, folder string) (replaced int) {
	t.Helper()
	values := map[string]bool{}
	for _, file := range find(t, filepath.Join(folder, "testdata", "schemas"), ".json") {
		var schema any
		decode(t, file, &schema)
		walk(schema, func(object map[string]any) {
			list, _ := object["enum"].([]any)
			for _, value := range list {
				values[value.(string)] = true
			}
		})
	}
	for _, file := range find(t, filepath.Join(folder, "testdata", "examples"), ".json") {
		var event map[string]any
		decode(t, file, &event)
		walk(event["data"], func(object map[string]any) {
			for name, value := range object {
				if text, ok := value.(string); ok && values[text] {
					object[name] = "unheard-of"
					replaced++
				}
			}
		})
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return replaced
}

func find(t *testing.T, folder, suffix string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(file string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(file, suffix) {
			files = append(files, file)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s, %v", len(files), folder, err)
	}
	return files
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func walk(value any, do func(map[string]any)) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			walk(item, do)
		}
	case map[string]any:
		do(v)
		for _, member := range v {
			walk(member, do)
		}
	}
}

// TestExpectationsAreWhatTheHandlerReads: no more, and all of it is there.
func TestExpectationsAreWhatTheHandlerReads(t *testing.T) {
	t.Parallel()
	folder := write(t, newconsumer.Options{Name: "every-event", Types: allTypes(t)})
	text, err := os.ReadFile(filepath.Join(folder, "expectations.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var expectations struct {
		Consumer, Description string
		Events                []struct {
			Type        string
			Needs, Uses []string
		}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&expectations); err != nil {
		t.Fatal(err)
	}
	handler, err := os.ReadFile(filepath.Join(folder, "handler.go"))
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]int{}
	function := regexp.MustCompile(`(?s)// On\w+ is called for (\S+)\.\n.*?\n}`)
	for _, match := range function.FindAllSubmatch(handler, -1) {
		reads[string(match[1])] = bytes.Count(match[0], []byte("data."))
	}
	needs := map[string][]string{}
	for _, e := range expectations.Events {
		needs[e.Type] = e.Needs
		if len(e.Needs) < 2 || len(e.Needs) != reads[e.Type] {
			t.Errorf("%s: needs %v, and the handler reads %d", e.Type, e.Needs, reads[e.Type])
		}
	}
	if got, want := slices.Sorted(maps.Keys(needs)), allTypes(t); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("expectations of %v, want %v", got, want)
	}
	for _, file := range find(t, filepath.Join(folder, "testdata", "examples"), ".json") {
		var e struct {
			Type string
			Data map[string]any
		}
		decode(t, file, &e)
		for _, pointer := range needs[e.Type] {
			if e.Data[strings.TrimPrefix(pointer, "/")] == nil {
				t.Errorf("%s has no %s", filepath.Base(file), pointer)
			}
		}
	}
}

func TestTypesSayWhatMayBeMissing(t *testing.T) {
	t.Parallel()
	files, err := newconsumer.Files(newconsumer.Options{Name: "every-event", Types: allTypes(t)})
	if err != nil {
		t.Fatal(err)
	}
	types := regexp.MustCompile(` +`).ReplaceAllString(string(files["events.go"]), " ")
	for _, want := range []string{
		"OrderID string `json:\"orderId\"`", "Total Money `json:\"total\"`", "ConfirmedAt time.Time `json:\"confirmedAt\"`",
		"Tickets []OrderConfirmedTicket `json:\"tickets\"`", "Seat string `json:\"seat,omitempty\"`", "Capacity *int64 `json:\"capacity,omitempty\"`",
		"SalesOpenAt *time.Time `json:\"salesOpenAt,omitempty\"`", "Limits *PerformanceLimits `json:\"limits,omitempty\"`",
		"AisleAfter []string `json:\"aisleAfter,omitempty\"`", "Kind string `json:\"kind\"`", "type PerformanceCancelled = Performance",
		"StartsAtUTC time.Time `json:\"startsAtUtc\"`",
	} {
		if !strings.Contains(types, want) {
			t.Errorf("there is no %s in\n%s", want, types)
		}
	}
}

// TestNothingSecretIsWrittenDown: the sample must not teach it.
func TestNothingSecretIsWrittenDown(t *testing.T) {
	t.Parallel()
	first := regexp.MustCompile(`(?s)type \w+ struct \{.*?\n\}`)
	secrets := 0
	for _, eventType := range allTypes(t) {
		files, err := newconsumer.Files(newconsumer.Options{Name: "one-event", Types: []string{eventType}})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(first.Find(files["events.go"]))) {
			if !strings.Contains(line, "Do not log it.") {
				continue
			}
			secrets++
			if field := strings.Fields(line)[0]; regexp.MustCompile(`data\.` + field + `\b`).Match(files["handler.go"]) {
				t.Errorf("%s: the handler writes %s down", eventType, field)
			}
		}
	}
	if secrets == 0 {
		t.Error("no member is secret")
	}
}

func TestWrongOptionsWriteNothing(t *testing.T) {
	t.Parallel()
	right := newconsumer.Options{Name: "box-office", Types: []string{confirmed}}
	with := func(change func(*newconsumer.Options)) newconsumer.Options {
		o := right
		change(&o)
		return o
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	tests := []struct {
		name   string
		give   newconsumer.Options
		folder string
		want   error
	}{
		{"an empty folder", right, empty, nil},
		{"the same again", right, empty, newconsumer.ErrNotEmpty},
		{"a folder with something", right, full, newconsumer.ErrNotEmpty},
		{"no type", with(func(o *newconsumer.Options) { o.Types = nil }), "", newconsumer.ErrOptions},
		{"an unknown type", with(func(o *newconsumer.Options) { o.Types = []string{confirmed, "ticketmesh.unheard.of"} }), "", newconsumer.ErrOptions},
		{"no name", with(func(o *newconsumer.Options) { o.Name = "" }), "", newconsumer.ErrOptions},
		{"a name that leads elsewhere", with(func(o *newconsumer.Options) { o.Name = "../up" }), "", newconsumer.ErrOptions},
		{"a name in upper case", with(func(o *newconsumer.Options) { o.Name = "Box" }), "", newconsumer.ErrOptions},
		{"a long name", with(func(o *newconsumer.Options) { o.Name = strings.Repeat("a", 64) }), "", newconsumer.ErrOptions},
		{"a module that is none", with(func(o *newconsumer.Options) { o.Module = "a b" }), "", newconsumer.ErrOptions},
	}
	for _, tt := range tests {
		folder := tt.folder
		if folder == "" {
			folder = filepath.Join(t.TempDir(), "new")
		}
		files, err := newconsumer.Write(folder, tt.give)
		if !errors.Is(err, tt.want) || (err == nil) != (len(files) > 0) {
			t.Errorf("%s: %d files, %v, want %v", tt.name, len(files), err, tt.want)
		}
		if _, err := os.Stat(folder); tt.folder == "" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a folder now, %v", tt.name, err)
		}
	}
}
