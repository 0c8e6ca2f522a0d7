// Package search says what can be searched and what a query means, apart from
// the engine that carries it out. Every engine gives the same answers in the
// same order: it is given words (package words) and compares their bytes.
package search

// Kind is a kind of thing that can be found.
type Kind string

// The kinds.
const (
	Venue  Kind = "venue"
	Artist Kind = "artist"
	Page   Kind = "page"
)

// Document is what the search knows of one thing.
type Document struct {
	Kind Kind
	// Ref is the thing's id, or a page's slug.
	Ref string
	// Language is a page's, else empty.
	Language string
	Title    string
	// Body is plain text.
	Body string
}

// Place is where a result stands in the order of results: titles that hold all
// terms, then by title (by bytes), kind, ref and language.
type Place struct {
	// Body says that the title alone does not hold all terms.
	Body     bool
	Title    string
	Kind     Kind
	Ref      string
	Language string
}

// Query asks for what holds every term.
type Query struct {
	// Terms are as Terms returns them, at least one.
	Terms []string
	// Kind narrows the search unless it is empty.
	Kind Kind
	// After is the place of the last result seen, or nil.
	After *Place
	// Limit is at least 1.
	Limit int
}

// Result is one thing found.
type Result struct {
	Place
	// Snippet is plain text of the body around what matched, perhaps empty.
	Snippet string
}
