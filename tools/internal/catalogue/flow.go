package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// The picture's measures, in pixels.
const (
	lineHeight   = 22
	padding      = 10
	gap          = 22
	publisherGap = 40
	publisherW   = 150
	groupX       = 210
	groupW       = 250
	queueX       = 640
	queueW       = 250
	queueH       = 54
	pictureW     = queueX + queueW + 4
)

// flow is the picture of who tells whom: publishers on the left, the queues of
// their consumers on the right, and between them what travels.
type flow struct {
	Width, Height int
	Publishers    []flowBox
	Groups        []flowGroup
	Queues        []flowBox
	Arrows        []string // paths
	Sentences     []string // the same in words
}

type flowBox struct {
	Name, Note, Href string
	X, Y, W, H       int
}

// Middle is the box's middle height.
func (b flowBox) Middle() int { return b.Y + b.H/2 }

// Center is the box's middle width.
func (b flowBox) Center() int { return b.X + b.W/2 }

// Right is where a note beside the box begins.
func (b flowBox) Right() int { return b.X + b.W + 14 }

// Upper is the base line of the first of two lines in the box.
func (b flowBox) Upper() int { return b.Y + 24 }

// Lower is the base line of the second.
func (b flowBox) Lower() int { return b.Y + 42 }

// flowGroup is the events that go one way.
type flowGroup struct {
	flowBox
	Labels []flowLabel
	Open   bool // no queue of these services takes them
	queue  *queue
}

type flowLabel struct {
	Text, Href string
	X, Y       int
}

func draw(m *model) flow {
	f := flow{Width: pictureW}
	y := 2
	for _, s := range inFlow(m) {
		top := y
		for _, group := range groups(m, s) {
			f.add(s, group, y)
			y += len(group.Events)*lineHeight + 2*padding + gap
		}
		f.Publishers = append(f.Publishers, flowBox{Name: s.Name, Href: "services/" + s.Name + ".html", X: 2, Y: top, W: publisherW, H: y - gap - top})
		y += publisherGap - gap
	}
	f.Height = y - publisherGap + 4
	f.placeQueues(m)
	return f
}

// inFlow returns the publishers so that those with a queue in common are
// neighbours, which keeps the arrows from crossing.
func inFlow(m *model) []*service {
	var left, placed []*service
	for _, s := range m.Services {
		if len(s.Publishes) > 0 {
			left = append(left, s)
		}
	}
	for len(left) > 0 {
		next := slices.IndexFunc(left, func(s *service) bool {
			return slices.ContainsFunc(placed, func(p *service) bool { return shareQueue(p, s) })
		})
		next = max(next, 0)
		placed = append(placed, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return placed
}

func shareQueue(a, b *service) bool {
	return slices.ContainsFunc(a.Publishes, func(e *event) bool {
		return slices.ContainsFunc(e.Queues, func(q *queue) bool {
			return slices.ContainsFunc(b.Publishes, func(other *event) bool { return slices.Contains(other.Queues, q) })
		})
	})
}

// groups returns the service's events by the queue that takes them; last those
// that none takes, with a nil queue's name.
func groups(m *model, s *service) []*queue {
	var all []*queue
	open := &queue{}
	for _, e := range s.Publishes {
		if len(e.Queues) == 0 {
			open.Events = append(open.Events, e)
		}
	}
	for _, consumer := range m.Services {
		for _, q := range consumer.Queues {
			group := &queue{Name: q.Name, Service: q.Service}
			for _, e := range s.Publishes {
				if slices.Contains(e.Queues, q) {
					group.Events = append(group.Events, e)
				}
			}
			if len(group.Events) > 0 {
				all = append(all, group)
			}
		}
	}
	if len(open.Events) > 0 {
		all = append(all, open)
	}
	return all
}

func (f *flow) add(s *service, group *queue, y int) {
	g := flowGroup{
		flowBox: flowBox{X: groupX, Y: y, W: groupW, H: len(group.Events)*lineHeight + 2*padding}, Open: group.Name == "", queue: group,
	}
	var names []string
	for i, e := range group.Events {
		names = append(names, e.Short)
		g.Labels = append(g.Labels, flowLabel{Text: e.Short, Href: e.Page, X: groupX + 14, Y: y + padding + i*lineHeight + 16})
	}
	to := "queue " + group.Name + " of " + group.Service
	if g.Open {
		to = "whoever subscribes"
	}
	f.Sentences = append(f.Sentences, fmt.Sprintf("%s publishes %s to %s.", s.Name, strings.Join(names, ", "), to))
	f.Groups = append(f.Groups, g)
	f.Arrows = append(f.Arrows, fmt.Sprintf("M%d %dH%d", 2+publisherW, g.Middle(), groupX-8))
}

// placeQueues puts each queue at the height of what it takes, below the one before.
func (f *flow) placeQueues(m *model) {
	type incoming struct {
		queue  *queue
		groups []flowGroup
		mean   int
	}
	var all []incoming
	for _, s := range m.Services {
		for _, q := range s.Queues {
			in := incoming{queue: q}
			for _, g := range f.Groups {
				if g.queue.Name == q.Name {
					in.groups = append(in.groups, g)
					in.mean += g.Middle()
				}
			}
			if len(in.groups) > 0 {
				in.mean /= len(in.groups)
				all = append(all, in)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b incoming) int { return a.mean - b.mean })
	lowest := 2
	for _, in := range all {
		box := flowBox{
			Name: in.queue.Name, Note: in.queue.Service, Href: "services/" + in.queue.Service + ".html#" + anchorOf(in.queue.Name),
			X: queueX, Y: max(lowest, in.mean-queueH/2), W: queueW, H: queueH,
		}
		lowest = box.Y + queueH + gap
		f.Queues = append(f.Queues, box)
		f.Height = max(f.Height, lowest)
		for i, g := range in.groups {
			from, port := groupX+groupW, box.Y+(i+1)*queueH/(len(in.groups)+1)
			bend := (queueX - from) / 2
			f.Arrows = append(f.Arrows, fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from, g.Middle(), from+bend, g.Middle(), queueX-bend, port, queueX-8, port))
		}
	}
}
