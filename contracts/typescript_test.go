package contracts_test

import (
	"os"
	"strings"
	"testing"
)

// TestTheTypeScriptOfTheREADMEIsCompiled holds the README's example to the one
// that the checks compile.
func TestTheTypeScriptOfTheREADMEIsCompiled(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("typescript/README.md")
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := os.ReadFile("typescript/example.ts")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```ts\n")
	example, _, found := strings.Cut(rest, "```")
	if !found || example != string(compiled) {
		t.Errorf("README.md shows\n%s\nexample.ts has\n%s", example, compiled)
	}
}
