package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// readmeBase is the line of README.md that says where the mesh is.
const readmeBase = "BASE=http://127.0.0.1:8080"

// block is a fenced block of commands and what the text block after it says
// that they print, "…" being anything.
type block struct{ commands, prints string }

// walkThrough returns the blocks of a document in their order.
func walkThrough(document string) []block {
	var blocks []block
	for _, fence := range regexp.MustCompile("(?ms)^```(bash|text)\n(.*?)^```$").FindAllStringSubmatch(document, -1) {
		if fence[1] == "bash" {
			blocks = append(blocks, block{commands: fence[2]})
		} else if len(blocks) > 0 {
			blocks[len(blocks)-1].prints = fence[2]
		}
	}
	return blocks
}

// matches reports whether the output is what the document shows: … stands for
// anything within a line, and at the end of a line for its rest.
func matches(shown, output string) bool {
	parts := strings.Split(strings.TrimSpace(shown), "…")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(`^` + strings.Join(parts, `.*?`) + `$`).MatchString(strings.TrimSpace(output))
}

func TestTheWalkThroughOfTheREADMEDoesWhatItShows(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := walkThrough(string(text))
	c := startServer(t, "--demo").client() // which only shows the season
	// A reader takes longer to come this far than tickets to hear of the season.
	var found struct {
		Items []struct{ ShowID, PerformanceID string }
	}
	c.get(t, "", "/shows?q=handball", &found)
	c.get(t, "", "/shows/"+found.Items[0].ShowID+"/performances", &found)
	until(t, "the hall is on sale", func() bool {
		return c.do(t, call{method: "GET", path: "/tickets/performances/" + found.Items[0].PerformanceID + "/seats"}).status == 200
	})

	const separator = "---- the block ends ----"
	var script strings.Builder
	replaced := 0
	for _, b := range blocks {
		if strings.Contains(b.commands, readmeBase+"\n") {
			replaced++
		}
		commands := strings.Replace(b.commands, readmeBase+"\n", "BASE="+c.url+"\n", 1)
		fmt.Fprintf(&script, "%s\necho '%s'\n", commands, separator)
	}
	if replaced != 1 {
		t.Fatalf("the line %s is in %d blocks, want 1", readmeBase, replaced)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-eu", "-c", script.String())
	command.Dir = t.TempDir()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &stdout, &stderr)
	}
	outputs := strings.Split(stdout.String(), separator+"\n")
	for i, b := range blocks {
		if !matches(b.prints, outputs[i]) {
			t.Errorf("the commands\n%sprint\n%s\nbut the README shows\n%s", b.commands, outputs[i], b.prints)
		}
	}
	// The test must not pass on a README that shows less than it promises.
	for _, wanted := range []string{"\n201\n", "\n200\n", "\n409\n", "already_admitted", "application/pdf", "image/png", `"seats":["14-1","14-2"]`, `"quantity":2`} {
		if !strings.Contains(stdout.String(), wanted) {
			t.Errorf("nothing prints %q", wanted)
		}
	}
}

func TestShownOutputMatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, shown, output string
		want                bool
	}{
		{"the same", "a\n200\n", "a\n200\n", true},
		{"another status", "a\n200\n", "a\n409\n", false},
		{"anything between", `{"id":"…","n":1}`, `{"id":"x-y","n":1}`, true},
		{"anything is within a line", "a…\nb", "a\nc\nb", false},
		{"the rest of a line", "a…", "abc", true},
		{"a line too many", "a", "a\nb", false},
		{"nothing for something", "", "a", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := matches(tt.shown, tt.output); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
