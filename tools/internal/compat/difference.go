package compat

import (
	"maps"
	"slices"
	"strings"
)

// difference is a place where two states of a file are not the same, whatever
// that means to anybody.
type difference struct {
	pointer string
	keyword string // of the schema or document that it is in
	was, is any    // nil where there is nothing
}

// texts are for people; annotations also say nothing about which values are valid.
var (
	texts       = []string{"title", "summary", "description", "example", "examples", "$comment", "x-history"}
	annotations = append([]string{"default", "deprecated", "readOnly", "writeOnly"}, texts...)
)

func isText(keyword string) bool       { return slices.Contains(texts, keyword) }
func isAnnotation(keyword string) bool { return slices.Contains(annotations, keyword) }

// named are the keywords of JSON Schema and OpenAPI whose members have names of
// the author's choice, so that a property called "title" is no text.
var named = []string{
	"properties", "patternProperties", "dependentSchemas", "$defs",
	"paths", "webhooks", "responses", "parameters", "requestBodies", "headers", "schemas", "securitySchemes", "pathItems", "links",
	"callbacks", "content", "encoding", "variables", "scopes", "mapping",
}

// differences finds all of them, as deep as both states have the same shape.
func differences(was, is any) []difference { return differ(difference{was: was, is: is}, false) }

// differ looks below a place; names says whether its members are named freely.
func differ(at difference, names bool) []difference {
	if equal(at.was, at.is) {
		return nil
	}
	before, wasObject := at.was.(map[string]any)
	after, isObject := at.is.(map[string]any)
	value := isAnnotation(at.keyword) || at.keyword == "enum" || at.keyword == "const"
	var found []difference
	switch {
	case value:
		return []difference{at}
	case wasObject && isObject:
		all := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
		slices.Sort(all)
		for _, name := range slices.Compact(all) {
			below := difference{at.pointer + "/" + escape(name), name, before[name], after[name]}
			if names {
				below.keyword = ""
			}
			found = append(found, differ(below, !names && slices.Contains(named, name))...)
		}
		return found
	}
	old, now := list(at.was), list(at.is)
	if len(old) == 0 || len(old) != len(now) {
		return []difference{at}
	}
	was, is := node{value: at.was}, node{value: at.is}
	for _, i := range parts(was) {
		before, _ := was.child(i)
		after, _ := is.child(i)
		found = append(found, differ(difference{at.pointer + "/" + i, "", before.value, after.value}, false)...)
	}
	return found
}

// unexplained are the differences of a file that no finding is about, as
// findings: texts, and what says the same in other words.
func unexplained(file string, was, is any, findings []Finding) []Finding {
	var more []Finding
	for _, d := range differences(was, is) {
		explained := slices.ContainsFunc(findings, func(f Finding) bool {
			return f.File == file && (covers(f.Pointer, d.pointer) || covers(d.pointer, f.Pointer))
		})
		rule := "form-changed"
		if isAnnotation(d.keyword) {
			rule = "annotation-changed"
		}
		if !explained || isText(d.keyword) {
			more = append(more, finding(file, d.pointer, rule, "was "+orAbsent(d.was)+", is "+orAbsent(d.is)))
		}
	}
	return more
}

func orAbsent(value any) string {
	if value == nil {
		return "absent"
	}
	return text(value)
}

// covers says whether the place is the one of the pointer or below it.
func covers(pointer, place string) bool {
	return place == pointer || strings.HasPrefix(place, pointer+"/")
}

// unrecorded demands that the history of a file has a new entry at its top when
// anything but texts differs.
func unrecorded(file string, was, is any) []Finding {
	onlyTexts := !slices.ContainsFunc(differences(was, is), func(d difference) bool { return !isText(d.keyword) })
	before, _ := history(file, was)
	after, pointer := history(file, is)
	if onlyTexts || len(after) > 0 && !contains(before, after[0]) {
		return nil
	}
	return []Finding{finding(file, pointer, "history-missing", "the file changed, and its history does not say so")}
}

// history is the list of what changed when, and where it stands.
func history(file string, content any) (entries []any, pointer string) {
	holder := node{file, "", content}
	if isDocument(file) {
		holder, _ = holder.child("info")
	}
	found, _ := holder.child("x-history")
	if isDocument(file) {
		return list(found.value), "/info/x-history"
	}
	return list(found.value), "/x-history"
}
