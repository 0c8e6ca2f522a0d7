package catalogue

import (
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ticketmesh.dev/platform/problem"
)

// problemCode is a stable code and who answers it.
type problemCode struct {
	Code       string
	Statuses   []string
	Meaning    template.HTML
	Members    []string // further members of the problem
	Example    template.HTML
	Operations []*operation
}

// sharedCode is one that every service has from the platform.
type sharedCode struct {
	code    string
	status  int // of those that any route may answer and no document lists, else 0
	meaning string
}

var shared = []sharedCode{
	{problem.CodeInvalidRequest, 0, "The request is malformed: an unknown or missing field, a wrong type, range or format. `errors` says which fields."},
	{problem.CodeUnauthenticated, 0, "No access token, or none that is valid."},
	{problem.CodeForbidden, 0, "The caller may not do this."},
	{problem.CodeNotFound, http.StatusNotFound, "There is no such thing, or none that the caller may know of."},
	{problem.CodeMethodNotAllowed, http.StatusMethodNotAllowed, "The path does not take this method; the header `Allow` says which it takes."},
	{problem.CodePayloadTooLarge, 0, "The body is larger than 1 MiB."},
	{problem.CodeUnsupportedMediaType, 0, "The body is of another media type than the operation takes."},
	{problem.CodeRateLimited, http.StatusTooManyRequests, "Too many requests; the header `Retry-After` says when to come back."},
	{problem.CodeInternal, http.StatusInternalServerError, "Something went wrong inside. The request may be tried again."},
	{problem.CodeUnavailable, http.StatusServiceUnavailable, "A part does not answer. The request may be tried again."},
	{problem.CodeIdempotencyKeyReused, 0, "The `Idempotency-Key` came with another body before."},
	{problem.CodeInProgress, 0, "A request with this `Idempotency-Key` is still running."},
	{problem.CodeVersionConflict, 0, "The entity has another version than `If-Match` says."},
}

var (
	word = regexp.MustCompile(`[a-z]+(?:_[a-z]+)*`)
	// listed is a status or the end of a list of codes: 409 sold_out, sales_closed; 422 unknown_seat.
	listed = regexp.MustCompile(`\b[2-5][0-9]{2} |[;.]`)
	// standard are the members that every problem may have.
	standard = []string{"type", "title", "status", "code", "detail", "instance"}
)

// examplesOf returns the problems of a response, by their code, as its document
// shows them.
func examplesOf(content *object) map[string]*object {
	problems := map[string]*object{}
	examples := content.child("examples")
	for _, name := range examples.all() {
		problem := examples.child(name).child("value")
		problems[problem.text("code")] = problem
	}
	delete(problems, "")
	return problems
}

func codesIn(text string, known map[string]*object) []string {
	var codes []string
	for _, found := range word.FindAllString(text, -1) {
		if known[found] != nil && !slices.Contains(codes, found) {
			codes = append(codes, found)
		}
	}
	return codes
}

// codesOf returns the codes of an operation's response. The document shows those
// of the response, which operations share; of these it is the ones that the
// response's or the operation's description names, and those of the
// Idempotency-Key where it is taken.
func codesOf(o *operation, r *response) []string {
	codes := codesIn(r.said, r.shown)
	add := func(more ...string) {
		for _, code := range more {
			if r.shown[code] != nil && !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	places := listed.FindAllStringIndex(o.said, -1)
	for i, place := range places {
		end := len(o.said)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		if strings.TrimSpace(o.said[place[0]:place[1]]) == r.Status {
			add(codesIn(o.said[place[1]:end], r.shown)...)
		}
	}
	if slices.ContainsFunc(o.Parameters, func(f field) bool { return f.Name == "Idempotency-Key" }) {
		add(problem.CodeInProgress, problem.CodeIdempotencyKeyReused)
	}
	return codes
}

// collectProblems turns the problems of all operations into the list of all codes.
func (m *model) collectProblems() error {
	known := map[string]*problemCode{}
	for _, each := range shared {
		p := &problemCode{Code: each.code, Meaning: prose(each.meaning)}
		if each.status != 0 {
			p.Statuses = append(p.Statuses, strconv.Itoa(each.status))
		}
		known[each.code] = p
	}
	for _, s := range m.Services {
		for _, o := range s.operations() {
			for _, r := range o.Problems {
				for code, shown := range r.shown {
					if err := complete(known, code, shown); err != nil {
						return err
					}
				}
				for _, code := range r.Codes {
					known[code].Operations = append(known[code].Operations, o)
				}
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(known)) {
		p := known[code]
		slices.Sort(p.Statuses)
		m.Problems = append(m.Problems, p)
	}
	return nil
}

// complete adds what the example of a problem shows to what is known of its code.
// A code that is a service's own means what the example says in detail.
func complete(known map[string]*problemCode, code string, shown *object) error {
	p := known[code]
	if p == nil {
		p = &problemCode{Code: code, Meaning: prose(sentence(shown.text("detail")))}
		known[code] = p
	}
	if status := literal(shown.get("status")); !slices.Contains(p.Statuses, status) {
		p.Statuses = append(p.Statuses, status)
	}
	if p.Example != "" {
		return nil
	}
	for _, name := range shown.names {
		if !slices.Contains(standard, name) {
			p.Members = append(p.Members, name)
		}
	}
	var err error
	p.Example, err = highlight(shown)
	return err
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
