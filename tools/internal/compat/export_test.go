package compat

import "encoding/json"

// CompareSchemas compares a file between two states, given as their files, and
// finds what is incompatible.
func CompareSchemas(file string, before, after map[string]any) ([]Finding, error) {
	given := func(files map[string]any) *state {
		return newState(nil, func(file string) ([]byte, error) { return json.Marshal(files[file]) })
	}
	findings, err := compareSchemas(file, given(before), given(after))
	var incompatible []Finding
	for _, finding := range findings {
		if !finding.Compatible {
			incompatible = append(incompatible, finding)
		}
	}
	return incompatible, err
}
