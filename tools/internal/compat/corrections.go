package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

const correctionsFile = "contracts/corrections.yaml"

// Correction accepts incompatible changes of an OpenAPI document that was wrong
// about what the service has always done. Events cannot be corrected: they are
// in the archive as they were sent.
type Correction struct {
	File    string `json:"file"`
	Pointer string `json:"pointer"` // with /** at its end, everything below
	Rule    string `json:"rule"`
	Reason  string `json:"reason"`
}

func (c Correction) accepts(f Finding) bool {
	if c.File != f.File || c.Rule != f.Rule {
		return false
	}
	if above, everything := strings.CutSuffix(c.Pointer, "**"); everything {
		return strings.HasPrefix(f.Pointer, above)
	}
	return c.Pointer == f.Pointer
}

// corrections reads and checks the file of that name; without it there are none.
func (r repository) corrections(ctx context.Context) ([]Correction, error) {
	content, err := os.ReadFile(r.path(correctionsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var corrections []Correction
	if err := decoder.Decode(&corrections); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", correctionsFile, err)
	}
	if len(corrections) == 0 {
		return nil, nil
	}
	known, err := r.documentRules(ctx)
	if err != nil {
		return nil, err
	}
	for i, c := range corrections {
		if wrong := r.wrong(c, known); wrong != "" {
			return nil, fmt.Errorf("%s: entry %d: %s", correctionsFile, i+1, wrong)
		}
	}
	return corrections, nil
}

func (r repository) wrong(c Correction, known []string) string {
	_, err := os.Stat(r.path(c.File))
	switch {
	case strings.TrimSpace(c.Reason) == "":
		return "there is no reason"
	case isEvents(c.File):
		return c.File + " is an event, and events cannot be corrected"
	case !isDocument(c.File) || err != nil:
		return fmt.Sprintf("there is no OpenAPI document %q", c.File)
	case !strings.HasPrefix(c.Pointer, "/"):
		return fmt.Sprintf("%q is no pointer to a part of the document", c.Pointer)
	case !slices.Contains(known, c.Rule):
		return fmt.Sprintf("there is no rule %q for OpenAPI documents", c.Rule)
	}
	return ""
}

// documentRules are those of oasdiff and ours.
func (r repository) documentRules(ctx context.Context) ([]string, error) {
	output, err := r.oasdiff(ctx, "checks", "changelog", "--format", "json")
	if err != nil {
		return nil, err
	}
	var checks []struct{ ID string }
	if err := json.Unmarshal(output, &checks); err != nil {
		return nil, fmt.Errorf("oasdiff: %w", err)
	}
	var known []string
	for _, check := range checks {
		known = append(known, check.ID)
	}
	for _, names := range closedBodies {
		known = append(known, names...)
	}
	return known, nil
}

// correct marks the findings that are accepted, and returns what accepts none.
func correct(findings []Finding, corrections []Correction) (unused []Correction) {
	for _, c := range corrections {
		used := false
		for i := range findings {
			if c.accepts(findings[i]) {
				findings[i].Accepted = c.Reason
				used = true
			}
		}
		if !used {
			unused = append(unused, c)
		}
	}
	return unused
}
