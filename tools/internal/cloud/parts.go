package cloud

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Part is something that a template says and that can be taken away.
type Part struct{ Kind, Name string }

func (p Part) String() string { return p.Kind + " " + p.Name }

// The kinds of parts.
const (
	Route      = "route"      // <stage> <method> <path>
	Rule       = "rule"       // <rule>
	Schedule   = "schedule"   // <schedule>
	Mapping    = "mapping"    // <function> <- <queue or table>
	Variable   = "variable"   // <stack> <name>: of all the stack's functions
	Permission = "permission" // <function's or other role> <action>
	Policy     = "policy"     // <queue, or function> <who may>
)

// parts are what has been used and what is taken away.
type parts struct {
	used    map[Part]bool
	removed map[Part]int // how often, as one may be taken away by two at a time
}

func newParts() parts { return parts{used: map[Part]bool{}, removed: map[Part]int{}} }

// has reports whether a part is there.
func (c *Cloud) has(kind, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts.removed[Part{kind, name}] == 0
}

// use notes that a part is needed, and reports whether it is there.
func (c *Cloud) use(kind, name string) bool {
	c.mu.Lock()
	c.parts.used[Part{kind, name}] = true
	c.mu.Unlock()
	return c.has(kind, name)
}

// Used returns the parts that were needed since the last call.
func (c *Cloud) Used() []Part {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := sorted(c.parts.used)
	c.parts.used = map[Part]bool{}
	return used
}

// Remove takes a part away, and Restore gives it back. Functions whose variables change
// are started anew.
func (c *Cloud) Remove(p Part) error {
	c.mu.Lock()
	c.parts.removed[p]++
	c.mu.Unlock()
	return c.renew(p)
}

// Restore gives back a part that was taken away, once all who took it away do.
func (c *Cloud) Restore(p Part) error {
	c.mu.Lock()
	c.parts.removed[p]--
	c.mu.Unlock()
	return c.renew(p)
}

// Parts are the routes, rules, schedules, mappings and variables that the templates have.
func (c *Cloud) Parts() []Part {
	all := map[Part]bool{}
	for stage, a := range c.apis {
		for _, route := range a.routes {
			all[Part{Route, stage + " " + route}] = true
		}
	}
	for _, r := range c.rules {
		all[Part{Rule, r.name}] = true
	}
	for name := range c.schedules {
		all[Part{Schedule, name}] = true
	}
	for _, s := range c.sources {
		all[Part{Mapping, s.name}] = true
	}
	for _, f := range c.functions {
		for name := range f.variables {
			all[Part{Variable, f.stack + " " + name}] = true
		}
	}
	return sorted(all)
}

func sorted(set map[Part]bool) []Part {
	return slices.SortedFunc(maps.Keys(set), func(a, b Part) int { return cmp.Compare(a.String(), b.String()) })
}

// renew stops the functions that a part is of, which keep what they were given and were
// allowed to fetch, and has APIs forget what they remember.
func (c *Cloud) renew(p Part) error {
	for _, a := range c.apis {
		a.forget()
	}
	return c.restart(func(f *function) bool {
		name, is := strings.CutPrefix(p.Name, f.stack+" ")
		_, variable := f.variables[name]
		return p.Kind == Variable && is && variable || p.Kind == Permission && strings.HasPrefix(p.Name, f.role.name+" ")
	})
}

// Restart ends the processes of a stack's functions; the next invocation of each is a
// cold start.
func (c *Cloud) Restart(stack string) error {
	return c.restart(func(f *function) bool { return f.stack == stack })
}

func (c *Cloud) restart(which func(*function) bool) error {
	var errs []error
	for _, f := range c.functions {
		if which(f) {
			errs = append(errs, f.stop())
		}
	}
	return errors.Join(errs...)
}
