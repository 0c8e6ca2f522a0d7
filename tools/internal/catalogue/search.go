package catalogue

import "strings"

// found is an entry of the index that the search looks through.
type found struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Note string `json:"note"`
	Href string `json:"href"`
	More string `json:"more,omitempty"` // looked through and not shown
}

// searchIndex is a script and no JSON file: a page that was opened from a folder
// may load the one and not the other.
func searchIndex(m *model) ([]byte, error) {
	var all []found
	for _, s := range m.Services {
		all = append(all, found{Kind: "service", Name: s.Name, Note: "API, events and queues", Href: servicePage(s.Name)})
		for _, q := range s.Queues {
			all = append(all, found{Kind: "queue", Name: q.Name, Note: "of " + s.Name, Href: servicePage(s.Name) + "#" + anchorOf(q.Name)})
		}
	}
	for _, e := range m.Events {
		all = append(all, found{Kind: "event", Name: e.Type, Note: e.plain, Href: e.Page, More: strings.Join(e.fieldsNamed, " ")})
	}
	for _, s := range m.Services {
		for _, o := range s.operations() {
			all = append(all, found{Kind: "operation", Name: o.Method + " " + o.Path, Note: o.Summary, Href: o.Page, More: o.ID})
		}
	}
	for _, p := range m.Problems {
		all = append(all, found{Kind: "problem", Name: p.Code, Note: strings.Join(p.Statuses, ", "), Href: "problems.html#" + anchorOf(p.Code)})
	}
	list := make([]any, len(all))
	for i := range all {
		list[i] = all[i]
	}
	text, err := compact(list)
	if err != nil {
		return nil, err
	}
	return []byte("const searchIndex = " + strings.ReplaceAll(string(text), "},{", "},\n{") + ";\n"), nil
}
