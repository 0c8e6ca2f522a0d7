package compat

// rule is a kind of change of a schema, and the verdict on it.
type rule struct {
	breaks string // who notices; empty when nobody does
	remedy string
}

// finding is a change, judged by its rule.
func finding(file, pointer, name, change string) Finding {
	verdict := rules[name]
	if verdict.breaks != "" {
		change += ": " + verdict.breaks
	}
	return Finding{File: file, Pointer: pointer, Rule: name, Change: change, Compatible: verdict.breaks == "", Remedy: verdict.remedy}
}

const (
	refusesOld = "older events, which are still in the archive, may be refused"
	refusesNew = "old consumers may refuse new events"
	refusesAny = "older events or new ones may be refused, which cannot be told"

	newVersion = "make a new version of the event beside this one"
	addInstead = "add an optional property instead, or make a new version"
	sendLess   = "keep what was allowed, and send no more than is wanted"
)

// rules are all verdicts but those of oasdiff on OpenAPI documents. Within a version old consumers read
// new events, and new consumers read old ones, so that what is valid stays the
// same; only optional properties come on top, which consumers tolerate.
var rules = map[string]rule{
	"schema-added":       {},
	"document-added":     {},
	"property-added":     {},
	"sensitive-added":    {},
	"annotation-changed": {}, // titles, descriptions, examples, defaults and the like
	"form-changed":       {}, // the same in other words

	"history-missing":       {"nobody is told", "add an entry with date and change to the top of x-history"},
	"document-removed":      {"clients have no API", "keep it, or make a new version"},
	"schema-removed":        {"nobody can read the event", "keep its schema as long as its events are in the archive"},
	"identity-changed":      {"nobody recognises the event", newVersion},
	"property-removed":      {"consumers may read it", "keep sending it, or make a new version"},
	"closed-property-added": {"old consumers refuse what they do not know", newVersion},
	"sensitive-removed":     {"the value is not masked any more", "keep x-sensitive"},

	"required-added":               {refusesOld, addInstead},
	"required-removed":             {"old consumers rely on it", "keep it required, or make a new version"},
	"type-changed":                 {refusesAny, newVersion},
	"type-narrowed":                {refusesOld, sendLess},
	"type-widened":                 {refusesNew, newVersion},
	"enum-value-added":             {"old consumers do not know it", newVersion},
	"enum-value-removed":           {refusesOld, "keep the value and do not send it"},
	"bound-tightened":              {refusesOld, sendLess},
	"bound-loosened":               {refusesNew, newVersion},
	"additional-properties-closed": {refusesOld, sendLess},
	"additional-properties-opened": {refusesNew, newVersion},

	// What these allow cannot be compared, so that each change counts.
	"pattern-changed":      {refusesAny, newVersion},
	"format-changed":       {refusesAny, newVersion},
	"alternatives-changed": {refusesAny, newVersion},
	"keyword-changed":      {refusesAny, newVersion}, // all other keywords
}
