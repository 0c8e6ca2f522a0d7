package compat

import (
	"maps"
	"slices"
)

// closedBodies are the rules about bodies that oasdiff does not have: what is
// incompatible because unknown members are refused, by us or by clients.
var closedBodies = map[string][]string{
	"requestBody": {"additional-properties-closed"},
	"responses":   {"additional-properties-opened", "closed-property-added"},
}

// compareBodies finds what breaks those rules. All else about bodies is
// oasdiff's matter.
func compareBodies(file string, old, new *state) ([]Finding, error) {
	var findings []Finding
	for _, keyword := range slices.Sorted(maps.Keys(closedBodies)) {
		was, err := old.bodies(file, keyword)
		if err != nil {
			return nil, err
		}
		is, err := new.bodies(file, keyword)
		if err != nil {
			return nil, err
		}
		c := &comparison{old: old, new: new, seen: map[string]bool{}}
		for _, name := range slices.Sorted(maps.Keys(was)) {
			after, there := is[name]
			if !there {
				continue
			}
			if err := c.compare(where{}, []node{was[name]}, []node{after}); err != nil {
				return nil, err
			}
		}
		for _, finding := range c.findings {
			if slices.Contains(closedBodies[keyword], finding.Rule) {
				finding.Remedy = keepOrAdd
				findings = append(findings, finding)
			}
		}
	}
	return findings, nil
}

// bodies are the schemas of what the operations of a document take or answer, by
// path, method, status and media type.
func (s *state) bodies(file, keyword string) (map[string]node, error) {
	document, err := s.read(file)
	if err != nil {
		return nil, err
	}
	found := map[string]node{}
	paths, _ := node{file, "", document.value}.child("paths")
	for path, item := range members([]node{paths}) {
		for method, operation := range members(item) {
			held, there := operation[0].child(keyword)
			if !there {
				continue
			}
			all := map[string][]node{"": {held}}
			if keyword == "responses" {
				all = members([]node{held})
			}
			for status, body := range all {
				resolved, err := s.expand(body)
				if err != nil {
					return nil, err
				}
				for media, content := range members(resolved.keywords["content"]) {
					if schema, there := content[0].child("schema"); there {
						found[path+" "+method+" "+status+" "+media] = schema
					}
				}
			}
		}
	}
	return found, nil
}
