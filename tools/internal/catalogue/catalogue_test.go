package catalogue_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"
	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/asyncapi"

	"ticketmesh.dev/tools/internal/catalogue"
)

func eventTypes(t testing.TB) []string {
	t.Helper()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return validator.Types()
}

// pageOf is the page of an event type.
func pageOf(eventType string) string {
	parts := strings.SplitN(eventType, ".", 3)
	return "events/" + parts[1] + "/" + parts[2] + ".html"
}

func TestEveryEventTypeHasItsPage(t *testing.T) {
	t.Parallel()
	files := rendered(t)
	parsed := pages(t, files)
	consumers, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	for _, eventType := range eventTypes(t) {
		page := parsed[pageOf(eventType)]
		if page == nil {
			t.Errorf("%s has no page", eventType)
			continue
		}
		said := text(page)
		schema := strings.TrimSuffix(pageOf(eventType), ".html") + ".schema.json"
		want := []string{eventType, "https://ticketmesh.dev/schemas/" + schema, `"detail-type": ["` + eventType + `"]`, "mesh events tail --type " + eventType}
		for consumer, types := range consumers {
			if slices.Contains(types, eventType) {
				want = append(want, "by the queue "+consumer)
			}
		}
		for _, part := range want {
			if !strings.Contains(said, part) {
				t.Errorf("the page of %s does not say %q", eventType, part)
			}
		}
		if !bytes.Equal(files[schema], contract(t, schema)) {
			t.Errorf("the schema of %s is not beside its page", eventType)
		}
		for _, name := range topLevel(t, schema) {
			if byID(page, "field-"+name) == nil {
				t.Errorf("the page of %s has no field %s", eventType, name)
			}
		}
		examples, err := fs.Glob(contracts.Files, path.Dir(schema)+"/examples/"+strings.TrimSuffix(path.Base(schema), "schema.json")+"*.json")
		shown := elements(page, func(n *html.Node) bool { return n.Data == "details" && strings.Contains(text(n), "Download") })
		if err != nil || len(examples) < 3 || len(shown) != len(examples) {
			t.Errorf("the page of %s shows %d of %d examples, %v", eventType, len(shown), len(examples), err)
		}
	}
}

func TestThePictureShowsWhoTellsWhom(t *testing.T) {
	t.Parallel()
	consumers, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	found := elements(pages(t, rendered(t))["index.html"], func(n *html.Node) bool { return n.Data == "svg" })
	if len(found) != 1 {
		t.Fatalf("there are %d pictures", len(found))
	}
	picture := found[0]
	of := func(class string) []*html.Node {
		return elements(picture, func(n *html.Node) bool { return strings.Split(attribute(n, "class"), " ")[0] == class })
	}
	if boxes := of("queue"); len(boxes) != len(consumers) {
		t.Errorf("%d boxes for %d queues", len(boxes), len(consumers))
	}
	if boxes := of("publisher"); len(boxes) != 4 {
		t.Errorf("%d boxes for the publishers", len(boxes))
	}
	sentences := text(elements(picture, func(n *html.Node) bool { return n.Data == "desc" })[0])
	labels := map[string]int{}
	for _, label := range of("label") {
		labels[attribute(label.Parent, "href")]++
	}
	for _, eventType := range eventTypes(t) {
		parts := strings.SplitN(eventType, ".", 3)
		queues := 0
		for consumer, types := range consumers {
			if !slices.Contains(types, eventType) {
				continue
			}
			queues++
			said := regexp.MustCompile(regexp.QuoteMeta(parts[1]) + ` publishes [^:]*` + regexp.QuoteMeta(parts[2]) + `[^:]* to queue ` + consumer)
			if !said.MatchString(strings.ReplaceAll(sentences, ". ", ":")) {
				t.Errorf("the picture does not say that %s comes to %s", eventType, consumer)
			}
		}
		if got := labels[pageOf(eventType)]; got != max(queues, 1) {
			t.Errorf("%s stands in the picture %d times, its queues are %d", eventType, got, queues)
		}
	}
}

func contract(t testing.TB, name string) []byte {
	t.Helper()
	file, err := contracts.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// topLevel are the names of a schema's members.
func topLevel(t testing.TB, file string) []string {
	t.Helper()
	var schema struct {
		Ref        string `json:"$ref"`
		Properties map[string]any
	}
	if err := json.Unmarshal(contract(t, file), &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Properties == nil && schema.Ref == "" {
		t.Fatalf("%s has no members", file)
	}
	return slices.Sorted(maps.Keys(schema.Properties))
}

func TestFieldsSayWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	parsed := pages(t, rendered(t))
	tests := []struct{ name, page, anchor, want string }{
		{"a nested sensitive text", "ticketmesh.tickets.order.confirmed.v1", "field-recipient.email", "recipient.email required sensitive | string (email)at most 254 charactersmatches ^[^\\s@]+@[^\\s@]+$ | Where to write to."},
		{"a member of an item", "ticketmesh.tickets.order.confirmed.v1", "field-tickets.code", "tickets[].code required sensitive | string1 to 2048 characters | The admission code, which the ticket's QR holds."},
		{"an amount", "ticketmesh.tickets.order.confirmed.v1", "field-total.amount", "total.amount required | integer (int64) | Minor units of the currency: 1250 EUR is 12.50, 1250 JPY is 1250, 1250 KWD is 1.250."},
		{"values to choose from", "ticketmesh.shows.show.published.v1", "field-status", "status required | stringpublished cancelled | State of the show."},
		{"what stands beside a reference", "ticketmesh.shows.performance.scheduled.v1", "field-previousStartsAtUtc", "previousStartsAtUtc | string (date-time)matches ^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$ | Of a rescheduled performance: when it would have started."},
		{"angle brackets", "ticketmesh.tickets.hold.placed.v1", "field-items.seats", "items[].seats | array of string1 to 1000 itemseach 3 to 65 characters | The seats, in a seated area."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			row := byID(parsed[pageOf(tt.page)], tt.anchor)
			if row == nil {
				t.Fatalf("there is no %s", tt.anchor)
			}
			var cells []string
			for _, cell := range elements(row, func(n *html.Node) bool { return n.Data == "td" }) {
				cells = append(cells, strings.TrimSpace(text(cell)))
			}
			if got := strings.Join(cells, " | "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if said := text(parsed[pageOf("ticketmesh.shows.performance.scheduled.v1")]); !strings.Contains(said, "One of: seatMap, seatMapRef.") {
		t.Error("the alternatives of performance.scheduled are not said")
	}
	if said := text(parsed[pageOf("ticketmesh.tickets.availability.changed.v1")]); !strings.Contains(said, "<performanceId>/<areaId>/<partition>") {
		t.Error("what is in angle brackets is lost")
	}
}

// operation is one of an OpenAPI document.
type operation struct {
	id, method, path, page string
	document               map[string]any
	value                  map[string]any
}

func operations(t testing.TB) []operation {
	t.Helper()
	files, err := fs.Glob(contracts.Files, "api/*.openapi.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	var all []operation
	for _, file := range files {
		var document map[string]any
		if err := yaml.Unmarshal(contract(t, file), &document); err != nil {
			t.Fatal(err)
		}
		for route, item := range document["paths"].(map[string]any) {
			for method, value := range item.(map[string]any) {
				if o, ok := value.(map[string]any); ok {
					page := strings.TrimSuffix(file, ".openapi.yaml") + ".html"
					all = append(all, operation{o["operationId"].(string), strings.ToUpper(method), route, page, document, o})
				}
			}
		}
	}
	if len(all) < 55 {
		t.Fatalf("%d operations", len(all))
	}
	return all
}

func TestEveryOperationHasItsSection(t *testing.T) {
	t.Parallel()
	parsed := pages(t, rendered(t))
	for _, o := range operations(t) {
		section := article(parsed[o.page], o.id)
		if section == nil {
			t.Errorf("%s has no section for %s", o.page, o.id)
			continue
		}
		said := text(section)
		want := []string{o.method + " " + o.path, strings.TrimSuffix(o.value["summary"].(string), "."), "curl "}
		for status := range o.value["responses"].(map[string]any) {
			want = append(want, status)
		}
		for _, part := range want {
			if !strings.Contains(said, part) {
				t.Errorf("the section of %s does not say %q", o.id, part)
			}
		}
	}
}

// TestCommandsSendWhatIsTaken holds the body of each sample to its schema.
func TestCommandsSendWhatIsTaken(t *testing.T) {
	t.Parallel()
	parsed := pages(t, rendered(t))
	sent := 0
	for _, o := range operations(t) {
		body, _ := o.value["requestBody"].(map[string]any)
		content, _ := body["content"].(map[string]any)
		media, ok := content["application/json"].(map[string]any)
		if !ok {
			continue
		}
		sent++
		_, given, found := strings.Cut(text(article(parsed[o.page], o.id)), "\n  -d '")
		given, _, closed := strings.Cut(given, "'")
		if !found || !closed {
			t.Errorf("the sample of %s sends nothing", o.id)
			continue
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(given))
		if err != nil {
			t.Errorf("the sample of %s: %v\n%s", o.id, err, given)
			continue
		}
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		encoded, err := json.Marshal(o.document)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("urn:document", document); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("urn:document" + media["schema"].(map[string]any)["$ref"].(string))
		if err != nil {
			t.Fatalf("%s: %v", o.id, err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("the sample of %s would be refused: %v", o.id, err)
		}
	}
	if sent < 20 {
		t.Errorf("%d operations take JSON", sent)
	}
}

func TestProblemCodesAreCollected(t *testing.T) {
	t.Parallel()
	parsed := pages(t, rendered(t))
	page := parsed["problems.html"]
	for _, tt := range []struct {
		name, code, status, meaning string
		callers                     []string
	}{
		{"of one operation", "seats_unavailable", "409", "Not all of the seats are free. Carries seats.", []string{"placeHold tickets"}},
		{"of the platform", "method_not_allowed", "405", "The path does not take this method; the header Allow says which it takes.", nil},
		{"in a list of statuses", "payment_declined", "402", "The payment was declined: card_declined. Carries orderId.", []string{"placeOrder tickets"}},
		{"of several operations", "hold_used", "409", "The hold became an order.", []string{"releaseHold tickets", "extendHold tickets", "placeOrder tickets"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			row := byID(page, tt.code)
			if row == nil {
				t.Fatalf("there is no %s", tt.code)
			}
			var cells []string
			for _, cell := range elements(row, func(n *html.Node) bool { return n.Data == "td" }) {
				cells = append(cells, strings.Join(strings.Fields(text(cell)), " "))
			}
			callers := strings.Join(tt.callers, " ")
			if callers == "" {
				callers = "any route"
			}
			meaning, example, _ := strings.Cut(cells[2], "Example")
			if cells[0] != tt.code || cells[1] != tt.status || strings.TrimSpace(meaning) != tt.meaning || cells[3] != callers {
				t.Errorf("got %q, want %q", cells, []string{tt.code, tt.status, tt.meaning, callers})
			}
			if !strings.Contains(example, `"code": "`+tt.code+`"`) {
				t.Errorf("%s has no example", tt.code)
			}
		})
	}
	for _, tt := range []struct {
		name, page, operation string
		want                  []string
	}{
		{"named with their status", "api/tickets.html", "placeHold", []string{"409 seats_unavailable sold_out sales_closed presale_code_exhausted in_progress", "422 limit_exceeded unknown_seat unknown_concession unknown_channel invalid_presale_code idempotency_key_reused"}},
		{"without a key for idempotency", "api/tickets.html", "cancelOrder", []string{"409 ticket_admitted not_cancellable sales_closed"}},
		{"named by the response", "api/info.html", "createPage", []string{"409 page_exists in_progress"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, item := range elements(article(parsed[tt.page], tt.operation), func(n *html.Node) bool { return n.Data == "li" }) {
				got = append(got, strings.Join(strings.Fields(text(item)), " "))
			}
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("got %q, want %q among them", got, want)
				}
			}
		})
	}
	// A code that belongs to no operation is one that no description names.
	for _, row := range elements(page, func(n *html.Node) bool { return n.Data == "tr" && attribute(n, "id") != "" }) {
		code := attribute(row, "id")
		if strings.Contains(text(row), "any route") && !slices.Contains([]string{"internal", "method_not_allowed"}, code) {
			t.Errorf("the documents show %s, and no description says who answers it", code)
		}
	}
}

// TestNoSensitiveValueIsShown looks for what the examples hide in all files.
func TestNoSensitiveValueIsShown(t *testing.T) {
	t.Parallel()
	secrets := map[string]bool{}
	masker := contracts.NewMasker()
	examples, err := fs.Glob(contracts.Files, "events/*/examples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range examples {
		whole := contract(t, name)
		hidden, err := masker.MaskEvent(whole)
		if err != nil {
			t.Fatal(err)
		}
		var before, after any
		if json.Unmarshal(whole, &before) != nil || json.Unmarshal(hidden, &after) != nil {
			t.Fatal(name)
		}
		differing(before, after, secrets)
	}
	if len(secrets) < 8 {
		t.Fatalf("the examples have %d sensitive values", len(secrets))
	}
	files := rendered(t)
	for secret := range secrets {
		if len(secret) < 6 {
			t.Errorf("%q is too short to be looked for", secret)
		}
		for name, file := range files {
			if bytes.Contains(file, []byte(secret)) || bytes.Contains(file, []byte(html.EscapeString(secret))) {
				t.Errorf("%s shows %.40q", name, secret)
			}
		}
	}
	if shown := text(pages(t, files)[pageOf("ticketmesh.tickets.order.confirmed.v1")]); !strings.Contains(shown, `"email": "***"`) || !strings.Contains(shown, `"code": "***"`) {
		t.Error("the page of order.confirmed masks nothing")
	}
}

func differing(before, after any, secrets map[string]bool) {
	switch b := before.(type) {
	case map[string]any:
		a, _ := after.(map[string]any)
		for name := range b {
			differing(b[name], a[name], secrets)
		}
	case []any:
		a, _ := after.([]any)
		for i := range b {
			differing(b[i], a[i], secrets)
		}
	case string:
		if b != after {
			secrets[b] = true
		}
	}
}

func TestExamplesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const name = "events/shows/examples/show.published.v1.full.json"
	if got, want := rendered(t)[name], contract(t, name); !bytes.Equal(got, want) {
		t.Errorf("an example without secrets changed:\n%s\nwant\n%s", got, want)
	}
}

func TestTheSameContractsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	first := rendered(t)
	second, err := render()
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != len(second) {
		t.Fatalf("%d files, then %d", len(first), len(second))
	}
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// edited is the contracts with some files replaced.
func edited(t testing.TB, changes map[string]func(string) string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(contracts.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name] = &fstest.MapFile{Data: contract(t, name)}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range changes {
		before := string(files[name].Data)
		after := change(before)
		if after == before {
			t.Fatalf("nothing of %s changed", name)
		}
		files[name] = &fstest.MapFile{Data: []byte(after)}
	}
	return files
}

func replace(old, with string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, with, 1) }
}

func plain(envelope []byte) ([]byte, error) { return envelope, nil }

func TestVersionsAndHistoryAreShown(t *testing.T) {
	t.Parallel()
	const schema = "events/info/venue.updated.v1.schema.json"
	const first = `"change": "First version."
    }`
	history := first + `, {"date": "2027-01-10", "change": "With ` + "`capacity`" + `."}, {"date": "2027-01-10", "change": "Later that day."}`
	files := edited(t, map[string]func(string) string{
		schema: replace(first, history),
		"asyncapi.yaml": func(text string) string {
			begin := strings.Index(text, "    info_venue_updated:\n      name:")
			end := strings.Index(text, "    notifications_message_failed:\n      name:")
			if begin < 0 || end < begin {
				return text
			}
			second := strings.ReplaceAll(text[begin:end], ".v1", ".v2")
			second = strings.Replace(second, "info_venue_updated", "info_venue_updated_2", 1)
			return text[:end] + second + text[end:]
		},
		"api/info.openapi.yaml": replace(`{date: "2026-11-25", change: First version.}`, `{date: "2026-12-01", change: Pages have a language.}`),
	})
	files["events/info/venue.updated.v2.schema.json"] = files[schema]
	got, err := catalogue.Render(files, plain)
	if err != nil {
		t.Fatal(err)
	}
	parsed := pages(t, got)
	words := func(page, heading string) string {
		h := byID(parsed[page], heading)
		if h == nil {
			return "nothing"
		}
		return strings.Join(strings.Fields(text(h.Parent)), " ")
	}
	for _, tt := range []struct{ name, page, heading, want string }{
		{"of the first version", "events/info/venue.updated.v1.html", "versions", "Versions v2 v1, this one"},
		{"of the second version", "events/info/venue.updated.v2.html", "versions", "Versions v2, this one v1"},
		{"of another fact", "events/info/page.published.v1.html", "versions", "Versions v1, this one"},
		{"changes, the newest first", "events/info/venue.updated.v1.html", "history", "History 2027-01-10 Later that day. 2027-01-10 With capacity. 2026-11-25 First version."},
		{"of an API", "api/info.html", "history", "History 2026-12-01 Pages have a language."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := words(tt.page, tt.heading); !strings.HasPrefix(got, tt.want) { // a document may have more of a history
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReferencesAreFollowed(t *testing.T) {
	t.Parallel()
	got, err := catalogue.Render(edited(t, map[string]func(string) string{
		"events/shared.v1.schema.json": func(text string) string {
			text = strings.Replace(text, `"$defs": {`, `"$defs": {"Once": {"$ref": "#/$defs/Timestamp"},`, 1)
			text = strings.Replace(text, `"$ref": "#/$defs/Timestamp",
          "description": "Of a rescheduled`, `"$ref": "#/$defs/Once", "description": "Of a rescheduled`, 1)
			return strings.Replace(text, `"description": "Artists who appear."`, `"x-sensitive": true, "description": "Artists who appear."`, 1)
		},
	}), plain)
	if err != nil {
		t.Fatal(err)
	}
	parsed := pages(t, got)
	for _, tt := range []struct{ name, eventType, anchor, want string }{
		{"one that leads to another", "ticketmesh.shows.performance.rescheduled.v1", "field-previousStartsAtUtc", "string (date-time)"},
		{"a list that is sensitive as a whole", "ticketmesh.shows.show.published.v1", "field-artistIds", "sensitive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := text(byID(parsed[pageOf(tt.eventType)], tt.anchor)); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
}

func TestBrokenContractsAreRefused(t *testing.T) {
	t.Parallel()
	const order = "events/tickets/order.confirmed.v1.schema.json"
	for _, tt := range []struct {
		name, file, old, with, want string
	}{
		{"an event that is neither state nor fact", "asyncapi.yaml", "A fact: handled exactly once, in any order of arrival.", "", "neither a state event nor a fact"},
		{"a reference to nothing", order, "$defs/Money", "$defs/Gold", `no "Gold"`},
		{"a file that is not there", order, "../shared.v1", "../sharing.v1", "sharing.v1.schema.json"},
		{"a schema that is no JSON", order, "{", "{,", order},
		{"an operation of an unknown tag", "api/tickets.openapi.yaml", "tags: [selling]", "tags: [buying]", `"buying"`},
		{"an operation of nobody", "asyncapi.yaml", "#/components/tags/shows", "#/components/tags/nobody", `no "nobody"`},
		{"a history without dates", order, `"date": "2026-11-25",`, "", "x-history"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := catalogue.Render(edited(t, map[string]func(string) string{tt.file: replace(tt.old, tt.with)}), plain)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %s", err, tt.want)
			}
		})
	}
}

func TestSensitiveExamplesOfAPIsAreMasked(t *testing.T) {
	t.Parallel()
	const code = "a-code-that-admits"
	got, err := catalogue.Render(edited(t, map[string]func(string) string{
		"api/tickets.openapi.yaml": func(text string) string { return strings.ReplaceAll(text, "code: '***'", "code: "+code) },
	}), plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range got {
		if path.Ext(name) == ".html" && bytes.Contains(file, []byte(code)) {
			t.Errorf("%s shows the code", name)
		}
	}
}
