package compat

import (
	"maps"
	"slices"

	"gopkg.in/yaml.v3"
)

// closedRequests finds what oasdiff does not look at: request bodies that allowed
// unknown members and refuse them now. All else about them is oasdiff's matter.
func closedRequests(file string, before, after []byte) ([]Finding, error) {
	was, err := bodies(file, before)
	if err != nil {
		return nil, err
	}
	is, err := bodies(file, after)
	if err != nil {
		return nil, err
	}
	c := &comparison{old: was.read, new: is.read, seen: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(was.schemas)) {
		if len(is.schemas[name]) == 0 {
			continue
		}
		if err := c.compare(where{}, was.schemas[name], is.schemas[name]); err != nil {
			return nil, err
		}
	}
	var findings []Finding
	for _, finding := range c.findings {
		if finding.Rule == "additional-properties-closed" || finding.Rule == "unevaluated-properties-closed" {
			finding.Change, finding.Remedy = "clients may send what is refused now", keepOrAdd
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// requests are the schemas of the bodies that a document's operations take, by
// path, method and media type.
type requests struct {
	schemas map[string][]node
	read    schemas
}

func bodies(file string, content []byte) (requests, error) {
	var document any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return requests{}, err
	}
	found := requests{schemas: map[string][]node{}, read: func(string) (any, error) { return document, nil }}
	paths, _ := node{file, "", document}.child("paths")
	for path, item := range members([]node{paths}) {
		for method, operation := range members(item) {
			body, hasBody := operation[0].child("requestBody")
			if !hasBody {
				continue
			}
			resolved, err := expand([]node{body}, found.read)
			if err != nil {
				return requests{}, err
			}
			for media, content := range members(resolved.keywords["content"]) {
				if schema, hasSchema := content[0].child("schema"); hasSchema {
					found.schemas[path+" "+method+" "+media] = []node{schema}
				}
			}
		}
	}
	return found, nil
}
