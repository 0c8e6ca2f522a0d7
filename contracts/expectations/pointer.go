package expectations

import (
	"regexp"
	"slices"
	"strings"
)

// Pointer is a JSON pointer into an event's data in which * is every item of an
// array, for instance /tickets/*/code. A pointer to an object or an array says
// that it is there, and nothing of what is in it.
type Pointer string

// everyItem is the step to every item of an array.
const everyItem = "*"

var pointerSyntax = regexp.MustCompile(`^(/([^/~]|~[01])+)+$`)

func (p Pointer) valid() bool { return pointerSyntax.MatchString(string(p)) }

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func (p Pointer) steps() []string {
	steps := strings.Split(string(p), "/")[1:]
	for i, step := range steps {
		steps[i] = unescape.Replace(step)
	}
	return steps
}

// above returns the pointer to where the first n steps lead.
func (p Pointer) above(n int) Pointer {
	return Pointer(strings.Join(strings.Split(string(p), "/")[:n+1], "/"))
}

// mayLack says whether the event need not have what the pointer leads to.
func (e Event) mayLack(p Pointer) bool { return slices.Contains(e.Uses, p) }
