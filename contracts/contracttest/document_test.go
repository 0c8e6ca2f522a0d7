package contracttest_test

import (
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
)

func TestOperationsAreReadFromTheDocument(t *testing.T) {
	t.Parallel()
	operations := read(t).Operations()
	if len(operations) != 4 {
		t.Fatalf("%d operations, want 4", len(operations))
	}
	get, find := operations["getThing"], operations["findThing"]
	if get.Method != "GET" || get.Path != "/things/{thingId}" || get.Secured || get.Body || !slices.Equal(get.Statuses, []int{200, 404}) {
		t.Errorf("getThing is %+v", get)
	}
	if find.Method != "POST" || !find.Secured || !find.Body {
		t.Errorf("findThing is %+v", find)
	}
	if operations["getPicture"].Secured {
		t.Error("getPicture wants a token, and it is optional")
	}
}

func TestURLFillsInWhatThereIs(t *testing.T) {
	t.Parallel()
	o := contracttest.Operation{Path: "/things/{thingId}/parts/{partId}"}
	tests := []struct {
		name string
		give []string
		want string
	}{
		{"in order", []string{"1", "2"}, "/things/1/parts/2"},
		{"with a query", []string{"1", "2", "?limit=3"}, "/things/1/parts/2?limit=3"},
		{"one too many", []string{"1", "2", "3"}, "/things/1/parts/2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := o.URL(tt.give...); got != tt.want {
				t.Errorf("URL() = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestEveryDocumentIsRead: what a document uses, this package understands.
func TestEveryDocumentIsRead(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"shows", "tickets", "info", "notifications", "identity"} {
		if n := len(contracttest.Document(t, service).Operations()); n == 0 {
			t.Errorf("%s has %d operations", service, n)
		}
	}
}

func TestADocumentThatIsNotUnderstoodIsAnError(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"range of statuses", "'404':", "4XX:", "4XX is not a status"},
		{"unknown response", "{$ref: '#/components/responses/Problem'}", "{$ref: '#/components/responses/Trouble'}", "there is no #/components/responses/Trouble"},
		{"unknown header", "{$ref: '#/components/headers/Age'}", "{$ref: '#/components/headers/Era'}", "there is no #/components/headers/Era"},
		{"method", "    delete:", "    trace:", "has a method that"},
		{"no problem", "    Problem:\n", "    Trouble:\n", "Problem"},
		{"no operations", "paths:\n", "nothing:\n", "no operations"},
		{"not YAML", "openapi: 3.1.0", "openapi: [", "yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := contracttest.Read(strings.ReplaceAll(text, tt.old, tt.new)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Read() = %v, want %q", err, tt.want)
			}
		})
	}
}
