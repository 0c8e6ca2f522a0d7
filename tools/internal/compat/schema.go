package compat

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Finding is a change that some consumer would notice.
type Finding struct {
	File    string `json:"file"`
	Pointer string `json:"pointer"` // JSON pointer into the file; empty for all of it
	Rule    string `json:"rule"`
	Change  string `json:"change"`
	Remedy  string `json:"remedy"`
	Against string `json:"against"` // the git ref that it is incompatible with
}

const (
	newVersion = "make a new version of the event beside this one"
	addOptions = "add an optional property instead, or make a new version"
	sendLess   = "keep what was allowed, and send no more than is wanted"
)

// comparison compares one schema in two states.
type comparison struct {
	old, new schemas
	// exact is set below "not", "if" and the like, where a schema chooses
	// instead of describing: not even an optional property may come on top.
	exact    bool
	findings []Finding
	seen     map[string]bool // pairs compared already, for schemas that refer to themselves
}

func compareSchemas(file string, before, after schemas) ([]Finding, error) {
	c := &comparison{old: before, new: after, seen: map[string]bool{}}
	was, err := before(file)
	if err != nil {
		return nil, err
	}
	is, err := after(file)
	if err != nil {
		return nil, err
	}
	err = c.compare(where{}, []node{{file, "", was}}, []node{{file, "", is}})
	return c.findings, err
}

// where is the place that findings name. As long as both states are read from
// the same place of the same file, it is that place, so that what several events
// share is reported once. Below a reference that leads elsewhere than it did, it
// is the reference, and the trail says what is meant below it.
type where struct {
	pinned        bool
	file, pointer string
	trail         string
}

func (w where) below(name string) where {
	if w.pinned {
		w.trail += "/" + escape(name)
	}
	return w
}

func (c *comparison) report(w where, at node, rule, change, remedy string) {
	finding := Finding{File: at.file, Pointer: at.pointer, Rule: rule, Change: change, Remedy: remedy}
	if w.pinned {
		finding.File, finding.Pointer = w.file, w.pointer
		if w.trail != "" {
			finding.Change = strings.TrimPrefix(w.trail, "/") + ": " + change
		}
	}
	c.findings = append(c.findings, finding)
}

// compare compares schemas that hold together: what stands in one place, or what
// several places say about one value.
func (c *comparison) compare(w where, before, after []node) error {
	was, err := expand(before, c.old)
	if err != nil {
		return err
	}
	is, err := expand(after, c.new)
	if err != nil {
		return err
	}
	if !w.pinned && !slices.Equal(was.places, is.places) {
		w = where{pinned: true, file: after[0].file, pointer: after[0].pointer}
	}
	key := fmt.Sprint(w.file, w.pointer, was.places, is.places)
	if c.seen[key] {
		return nil
	}
	c.seen[key] = true
	keywords := slices.AppendSeq(slices.Collect(maps.Keys(was.keywords)), maps.Keys(is.keywords))
	slices.Sort(keywords)
	for _, keyword := range slices.Compact(keywords) {
		if err := c.keyword(w.below(keyword), keyword, was, is); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) keyword(w where, keyword string, before, after view) error {
	was, is := before.keywords[keyword], after.keywords[keyword]
	switch keyword {
	case "properties":
		return c.properties(w, before, after)
	case "required":
		c.required(w, was, is)
		return nil
	case "type":
		c.types(w, was, is)
		return nil
	case "enum":
		c.enum(w, was, is)
		return nil
	case "x-sensitive":
		if sensitive(was) && !sensitive(is) {
			c.report(w, either(is, was), "sensitive-removed", "the value is not masked any more", "keep x-sensitive")
		}
		return nil
	}
	if lower, isBound := bounds[keyword]; isBound {
		c.bound(w, lower, was, is)
		return nil
	}
	if compared, err := c.applicator(w, keyword, was, is); compared || err != nil {
		return err
	}
	if !same(was, is) {
		c.report(w, either(is, was), rule(keyword), wasIs(was, is), newVersion)
	}
	return nil
}

// applicator compares the keywords that hold schemas, as far as both states hold
// comparable ones.
func (c *comparison) applicator(w where, keyword string, was, is []node) (compared bool, err error) {
	both := len(was) > 0 && len(is) > 0
	switch keyword {
	case "additionalProperties", "unevaluatedProperties":
		switch {
		case len(was) == 0:
			c.report(w, is[0], kebab(keyword)+"-closed", "older events may have what is refused now", sendLess)
			return true, nil
		case len(is) == 0:
			c.report(w, was[0], kebab(keyword)+"-opened", "old consumers refuse what is allowed now", newVersion)
			return true, nil
		case allObjects(was) && allObjects(is):
			return true, c.compare(w, was, is)
		}
	case "items", "then", "else":
		if both {
			return true, c.compare(w, was, is)
		}
	case "not", "if", "contains", "propertyNames":
		if both {
			return true, c.chosenBy(w, keyword, was, is)
		}
	case "oneOf", "anyOf", "allOf", "prefixItems":
		was, is := elements(was), elements(is)
		if len(was) != len(is) {
			return false, nil
		}
		for i := range was {
			if err := c.compare(w.below(strconv.Itoa(i)), was[i:i+1], is[i:i+1]); err != nil {
				return true, err
			}
		}
		return true, nil
	case "patternProperties", "dependentSchemas":
		was, is := members(was), members(is)
		common := slices.Sorted(maps.Keys(was))
		if !slices.Equal(common, slices.Sorted(maps.Keys(is))) {
			return false, nil
		}
		for _, name := range common {
			if err := c.compare(w.below(name), was[name], is[name]); err != nil {
				return true, err
			}
		}
		return true, nil
	}
	return false, nil
}

// chosenBy compares schemas that nothing may be added to.
func (c *comparison) chosenBy(w where, keyword string, was, is []node) error {
	inner := &comparison{old: c.old, new: c.new, exact: true, seen: map[string]bool{}}
	if err := inner.compare(where{}, was, is); err != nil {
		return err
	}
	if len(inner.findings) > 0 {
		c.report(w, is[0], rule(keyword), "it decides otherwise: "+inner.findings[0].Change, newVersion)
	}
	return nil
}

func (c *comparison) properties(w where, before, after view) error {
	was, is := members(before.keywords["properties"]), members(after.keywords["properties"])
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if len(is[name]) == 0 {
			c.report(w.below(name), was[name][0], "property-removed", "consumers may read "+name, "keep sending it, or make a new version")
			continue
		}
		if err := c.compare(w.below(name), was[name], is[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if len(was[name]) == 0 && (c.exact || before.closed()) {
			c.report(w.below(name), is[name][0], "property-added", "old consumers refuse "+name+", which they do not know", newVersion)
		}
	}
	return nil // what else is new is optional, or "required" reports it
}

func (c *comparison) required(w where, was, is []node) {
	before, after := names(was), names(is)
	for _, name := range before {
		if !slices.Contains(after, name) {
			c.report(w, either(is, was), "required-removed", name+" may be absent now, and old consumers rely on it", "keep it required, or make a new version")
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			c.report(w, is[0], "required-added", name+" is not in older events, which are still in the archive", addOptions)
		}
	}
}

func (c *comparison) types(w where, was, is []node) {
	old, now := typesOf(was), typesOf(is)
	wider, narrower := !old.cover(now), !now.cover(old)
	at, change := either(is, was), wasIs(was, is)
	switch {
	case wider && narrower:
		c.report(w, at, "type-changed", change, newVersion)
	case wider:
		c.report(w, at, "type-widened", change+": old consumers refuse what is new", newVersion)
	case narrower:
		c.report(w, at, "type-narrowed", change+": older events may have what is refused now", sendLess)
	}
}

func (c *comparison) enum(w where, was, is []node) {
	at := either(is, was)
	if len(was) != 1 || len(is) != 1 {
		if !same(was, is) {
			c.report(w, at, "enum-changed", wasIs(was, is), newVersion)
		}
		return
	}
	before, after := list(was[0].value), list(is[0].value)
	contains := func(values []any, value any) bool {
		return slices.ContainsFunc(values, func(other any) bool { return equal(value, other) })
	}
	for _, value := range before {
		if !contains(after, value) {
			c.report(w, at, "enum-value-removed", text(value)+" is in older events, which are still in the archive", "keep the value and do not send it")
		}
	}
	for _, value := range after {
		if !contains(before, value) {
			c.report(w, at, "enum-value-added", "old consumers do not know "+text(value), newVersion)
		}
	}
}

// bounds are the keywords that limit a value; true for those that tighten as
// they grow.
var bounds = map[string]bool{
	"minimum": true, "exclusiveMinimum": true, "minLength": true, "minItems": true, "minProperties": true, "minContains": true, "uniqueItems": true,
	"maximum": false, "exclusiveMaximum": false, "maxLength": false, "maxItems": false, "maxProperties": false, "maxContains": false,
}

func (c *comparison) bound(w where, lower bool, was, is []node) {
	change := tightening(lower, was, is)
	switch {
	case change > 0:
		c.report(w, either(is, was), "bound-tightened", wasIs(was, is)+": older events may be refused now", sendLess)
	case change < 0:
		c.report(w, either(is, was), "bound-loosened", wasIs(was, is)+": old consumers refuse what is new", newVersion)
	}
}

// rule names the change of a keyword.
func rule(keyword string) string {
	switch keyword {
	case never:
		return "schema-changed"
	case "$id", "x-event-type":
		return "identity-changed"
	}
	return kebab(strings.TrimPrefix(keyword, "$")) + "-changed"
}

func kebab(keyword string) string {
	var name strings.Builder
	for _, r := range keyword {
		if unicode.IsUpper(r) {
			name.WriteByte('-')
		}
		name.WriteRune(unicode.ToLower(r))
	}
	return name.String()
}

// either is the place of a keyword now, or where it was when it is gone.
func either(is, was []node) node {
	if len(is) > 0 {
		return is[0]
	}
	return was[0]
}

func wasIs(was, is []node) string {
	describe := func(nodes []node) string {
		if len(nodes) == 0 {
			return "absent"
		}
		var values []string
		for _, n := range nodes {
			values = append(values, text(n.value))
		}
		return strings.Join(values, " and ")
	}
	return "was " + describe(was) + ", is " + describe(is)
}
