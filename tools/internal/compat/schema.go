package compat

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// comparison compares schemas in two states. It finds what changed and names the
// rule; the rules have the verdict.
type comparison struct {
	old, new *state
	findings []Finding
	seen     map[string]bool // pairs compared already, for schemas that refer to themselves
}

// compareSchemas compares one event.
func compareSchemas(file string, old, new *state) ([]Finding, error) {
	was, err := old.read(file)
	if err != nil {
		return nil, err
	}
	is, err := new.read(file)
	if err != nil {
		return nil, err
	}
	c := &comparison{old: old, new: new, seen: map[string]bool{}}
	err = c.compare(where{}, []node{{file, "", was.value}}, []node{{file, "", is.value}})
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
	closed        bool // a schema around this one, about the same value, refuses unknown properties
}

func (w where) below(name string) where {
	if w.pinned {
		w.trail += "/" + escape(name)
	}
	return w
}

// within is the place of a schema about another value, a part of this one.
func (w where) within(name string) where {
	w.closed = false
	return w.below(name)
}

func (c *comparison) report(w where, at node, name, change string) {
	if !w.pinned {
		c.findings = append(c.findings, finding(at.file, at.pointer, name, change))
		return
	}
	if w.trail != "" {
		change = strings.TrimPrefix(w.trail, "/") + ": " + change
	}
	c.findings = append(c.findings, finding(w.file, w.pointer, name, change))
}

// compare compares schemas that hold together: what stands in one place, or what
// several places say about one value.
func (c *comparison) compare(w where, before, after []node) error {
	was, err := c.old.expand(before)
	if err != nil {
		return err
	}
	is, err := c.new.expand(after)
	if err != nil {
		return err
	}
	if !w.pinned && !slices.Equal(was.places, is.places) {
		w = where{pinned: true, file: after[0].file, pointer: after[0].pointer, closed: w.closed}
	}
	key := fmt.Sprint(w.file, w.pointer, w.closed, was.places, is.places)
	if c.seen[key] {
		return nil
	}
	c.seen[key] = true
	keywords := slices.AppendSeq(slices.Collect(maps.Keys(was.keywords)), maps.Keys(is.keywords))
	slices.Sort(keywords)
	for _, keyword := range slices.Compact(keywords) {
		if err := c.keyword(w, keyword, was, is); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) keyword(w where, keyword string, before, after view) error {
	was, is := before.keywords[keyword], after.keywords[keyword]
	below := w.below(keyword)
	switch keyword {
	case "properties":
		return c.properties(w.within(keyword), was, is, w.closed || before.closed())
	case "required":
		c.required(below, was, is)
	case "type":
		c.types(below, was, is)
	case "enum":
		c.enum(below, was, is)
	case "x-sensitive":
		c.sensitive(below, was, is)
	case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains", "uniqueItems":
		c.bound(below, lower, was, is)
	case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains":
		c.bound(below, upper, was, is)
	case "additionalProperties", "unevaluatedProperties":
		return c.additional(w.within(keyword), was, is)
	case "items":
		if len(was) > 0 && len(is) > 0 {
			return c.compare(w.within(keyword), was, is)
		}
		return c.other(below, "keyword-changed", was, is)
	case "oneOf", "anyOf":
		below.closed = w.closed || before.closed()
		return c.alternatives(below, elements(was), elements(is), either(is, was))
	case "pattern", "format":
		return c.other(below, keyword+"-changed", was, is)
	case "$id", "x-event-type":
		return c.other(below, "identity-changed", was, is)
	default:
		return c.other(below, "keyword-changed", was, is)
	}
	return nil
}

// properties compares by name. What is new is optional, or "required" tells.
func (c *comparison) properties(w where, before, after []node, closed bool) error {
	was, is := members(before), members(after)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if len(is[name]) == 0 {
			c.report(w.below(name), was[name][0], "property-removed", name+" is gone")
			continue
		}
		if err := c.compare(w.below(name), was[name], is[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		switch {
		case len(was[name]) > 0:
		case closed:
			c.report(w.below(name), is[name][0], "closed-property-added", name+" is new in a closed object")
		default:
			c.report(w.below(name), is[name][0], "property-added", name+" is new")
		}
	}
	return nil
}

func (c *comparison) required(w where, was, is []node) {
	before, after := names(was), names(is)
	for _, name := range before {
		if !slices.Contains(after, name) {
			c.report(w, either(is, was), "required-removed", name+" may be absent")
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			c.report(w, is[0], "required-added", name+" must be there")
		}
	}
}

func (c *comparison) types(w where, was, is []node) {
	old, now := typesOf(was), typesOf(is)
	wider, narrower := !old.cover(now), !now.cover(old)
	switch {
	case wider && narrower:
		c.report(w, either(is, was), "type-changed", wasIs(was, is))
	case wider:
		c.report(w, either(is, was), "type-widened", wasIs(was, is))
	case narrower:
		c.report(w, either(is, was), "type-narrowed", wasIs(was, is))
	}
}

// enum compares the values that all lists have. Without a list every value goes.
func (c *comparison) enum(w where, was, is []node) {
	if len(was) == 0 {
		c.report(w, is[0], "enum-value-removed", "all values but "+text(is[0].value))
		return
	}
	if len(is) == 0 {
		c.report(w, was[0], "enum-value-added", "all values but "+text(was[0].value))
		return
	}
	before, after := common(was), common(is)
	for _, value := range before {
		if !contains(after, value) {
			c.report(w, is[0], "enum-value-removed", text(value)+" is gone")
		}
	}
	for _, value := range after {
		if !contains(before, value) {
			c.report(w, is[0], "enum-value-added", text(value)+" is new")
		}
	}
}

func (c *comparison) sensitive(w where, was, is []node) {
	marked := func(nodes []node) bool {
		return slices.ContainsFunc(nodes, func(n node) bool { return n.value == true })
	}
	switch {
	case marked(was) && !marked(is):
		c.report(w, either(is, was), "sensitive-removed", wasIs(was, is))
	case !marked(was) && marked(is):
		c.report(w, is[0], "sensitive-added", wasIs(was, is))
	}
}

func (c *comparison) bound(w where, s side, was, is []node) {
	switch change := tightening(s, was, is); {
	case change > 0:
		c.report(w, either(is, was), "bound-tightened", wasIs(was, is))
	case change < 0:
		c.report(w, either(is, was), "bound-loosened", wasIs(was, is))
	}
}

// additional compares what unknown properties may be: anything, something, nothing.
func (c *comparison) additional(w where, was, is []node) error {
	none := func(nodes []node) bool {
		return slices.ContainsFunc(nodes, func(n node) bool { return n.value == false })
	}
	switch {
	case len(was) == 0, none(is) && !none(was):
		c.report(w, is[0], "additional-properties-closed", wasIs(was, is))
	case len(is) == 0, none(was) && !none(is):
		c.report(w, either(is, was), "additional-properties-opened", wasIs(was, is))
	default:
		return c.compare(w, was, is)
	}
	return nil
}

// alternatives compares by position, so that another order counts as a change.
func (c *comparison) alternatives(w where, was, is []node, at node) error {
	if len(was) != len(is) {
		c.report(w, at, "alternatives-changed", fmt.Sprintf("there were %d, there are %d", len(was), len(is)))
		return nil
	}
	for i := range was {
		if err := c.compare(w.below(strconv.Itoa(i)), was[i:i+1], is[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// other compares keywords of which each change counts.
func (c *comparison) other(w where, rule string, was, is []node) error {
	alike := len(was) == len(is)
	for i := 0; alike && i < len(was); i++ {
		var err error
		if alike, err = c.alike(was[i], is[i], map[string]bool{}); err != nil {
			return err
		}
	}
	if alike {
		return nil
	}
	change := wasIs(was, is)
	if slices.EqualFunc(was, is, func(a, b node) bool { return equal(a.value, b.value) }) {
		change = "what it refers to changed"
	}
	c.report(w, either(is, was), rule, change)
	return nil
}

// alike says whether two parts say the same, with what they refer to.
func (c *comparison) alike(was, is node, seen map[string]bool) (bool, error) {
	key := was.place() + " " + is.place()
	if seen[key] {
		return true, nil
	}
	seen[key] = true
	oldTarget, oldRefers, err := was.reference(c.old)
	if err != nil {
		return false, err
	}
	newTarget, newRefers, err := is.reference(c.new)
	if err != nil {
		return false, err
	}
	if oldRefers && newRefers {
		if alike, err := c.alike(oldTarget, newTarget, seen); !alike || err != nil {
			return false, err
		}
	}
	oldParts, newParts := parts(was), parts(is)
	if len(oldParts) == 0 || len(oldParts) != len(newParts) {
		return equal(was.value, is.value), nil
	}
	for _, name := range oldParts {
		if name == "$ref" && oldRefers && newRefers {
			continue
		}
		before, _ := was.child(name)
		after, there := is.child(name)
		if !there {
			return false, nil
		}
		if alike, err := c.alike(before, after, seen); !alike || err != nil {
			return false, err
		}
	}
	return true, nil
}

// parts are the names of a node's children.
func parts(n node) []string {
	var all []string
	switch value := n.value.(type) {
	case map[string]any:
		all = slices.Sorted(maps.Keys(value))
	case []any:
		for i := range value {
			all = append(all, strconv.Itoa(i))
		}
	}
	return all
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
