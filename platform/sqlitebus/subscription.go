package sqlitebus

import (
	"context"
	"maps"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/consumer"
)

const (
	// answerDelay is how long answers may gather before they are stored with
	// one write. A crash in between delivers the messages again, as one just
	// before the answer would have.
	answerDelay = 5 * time.Millisecond

	// turnBackoff follows a write that failed.
	turnBackoff = 200 * time.Millisecond
)

// subscription is one call of Subscribe. Its run goroutine alone decides and
// writes; emit hands messages out, and one goroutine per message waits for the
// answer.
type subscription struct {
	bus     *Bus
	config  SubscriberConfig
	queue   int64
	ctx     context.Context // of the messages
	cancel  context.CancelFunc
	closing <-chan struct{} // the subscriber's Close

	out     chan *message.Message
	stop    chan struct{} // emit nothing more
	emitted chan struct{} // emit has returned
	abandon chan struct{} // wait for no more answers
	wake    bell
	ready   chan *delivery // capacity: all that may be outstanding
	answers chan answer    // the same

	// Of run alone.
	outstanding int // claimed and not answered
	answered    []answer
	claims      []*claim
	more        bool // there may be something to claim
}

// claim is what was taken from the queue with one update. Its deliveries share
// the receipt.
type claim struct {
	visibleAt int64
	lease     int64
	members   []*delivery // by seq
	live      int
}

type delivery struct {
	claim    *claim
	seq      int64
	receives int
	stored   stored
	gone     bool // its row is no longer the claim's
	leaving  bool // acknowledged with the write under way
}

type verdict int

const (
	acked verdict = iota
	nacked
	returned // not emitted: as if it had never been received
)

type answer struct {
	delivery  *delivery
	verdict   verdict
	reason    string
	permanent bool
}

func newSubscription(ctx context.Context, b *Bus, c SubscriberConfig, queueID int64, closing <-chan struct{}) *subscription {
	s := &subscription{
		bus:     b,
		config:  c,
		queue:   queueID,
		closing: closing,
		out:     make(chan *message.Message),
		stop:    make(chan struct{}),
		emitted: make(chan struct{}),
		abandon: make(chan struct{}),
		wake:    newBell(),
		ready:   make(chan *delivery, c.MaxInFlight),
		answers: make(chan answer, c.MaxInFlight),
		more:    true,
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.wake.ring() // there may be a backlog
	b.listen(queueID, s.wake)
	return s
}

func (s *subscription) run() {
	go s.emit()
	s.serve()
	s.drain()
	s.bus.ignore(s.queue, s.wake)
}

// serve claims and answers until the subscription is to end.
func (s *subscription) serve() {
	poll := time.NewTicker(s.bus.poll)
	defer poll.Stop()
	extend := time.NewTicker(max(s.config.VisibilityTimeout/4, time.Millisecond))
	defer extend.Stop()
	flush := time.NewTimer(answerDelay)
	flush.Stop()
	armed := false

	for {
		due := false // whatever there is to do is worth a write of its own
		select {
		case a := <-s.answers:
			s.collect(a)
		case <-s.wake:
			s.more = true
		case <-poll.C:
			s.more = true
		case <-extend.C:
			due = s.outstanding > 0
		case <-flush.C:
			armed, due = false, true
		case <-s.ctx.Done():
			return
		case <-s.closing:
			return
		}
		free := s.config.MaxInFlight - s.outstanding
		switch {
		case due,
			s.more && free*4 >= s.config.MaxInFlight,
			len(s.answered)*2 >= s.config.MaxInFlight:
			if armed {
				flush.Stop()
				armed = false
			}
			want := 0
			if s.more {
				want = free
			}
			if !s.turn(want) {
				// Nothing is lost: answers are kept, and what was not claimed
				// is found again.
				s.more = true
				select {
				case <-time.After(turnBackoff):
				case <-s.ctx.Done():
				case <-s.closing:
				}
			}
			if s.more && s.outstanding < s.config.MaxInFlight {
				// The queue had more than was free a moment ago.
				if s.outstanding*4 <= s.config.MaxInFlight*3 {
					s.wake.ring()
				}
			}
		}
		if !armed && (len(s.answered) > 0 || s.more && s.outstanding < s.config.MaxInFlight) {
			flush.Reset(answerDelay)
			armed = true
		}
	}
}

// collect takes an answer and all that have come with it.
func (s *subscription) collect(a answer) {
	for {
		s.answered = append(s.answered, a)
		s.outstanding--
		select {
		case a = <-s.answers:
		default:
			return
		}
	}
}

// drain ends the subscription: nothing more is emitted, what was claimed and
// not emitted goes back, and the rest is waited for.
func (s *subscription) drain() {
	s.cancel()
	close(s.stop)
	<-s.emitted
	for {
		select {
		case d := <-s.ready:
			s.answers <- answer{delivery: d, verdict: returned}
			continue
		default:
		}
		break
	}
	deadline := time.NewTimer(s.config.DrainTimeout)
	defer deadline.Stop()
	extend := time.NewTicker(max(s.config.VisibilityTimeout/4, time.Millisecond))
	defer extend.Stop()
	for {
		if len(s.answered) > 0 && len(s.answers) == 0 {
			s.turn(0) // when it fails, the next answer or tick tries again
		}
		if s.outstanding == 0 && len(s.answered) == 0 {
			return
		}
		select {
		case a := <-s.answers:
			s.collect(a)
		case <-extend.C:
			if len(s.answered) == 0 {
				s.turn(0)
			}
		case <-deadline.C:
			close(s.abandon)
			s.turn(0)
			s.surrender()
			return
		}
	}
}

// emit hands messages out until it is told to stop.
func (s *subscription) emit() {
	defer close(s.emitted)
	defer close(s.out)
	for {
		select {
		case <-s.stop:
			return
		case <-s.ctx.Done():
			return
		case <-s.closing:
			return
		case d := <-s.ready:
			ctx, cancel := context.WithCancel(s.ctx)
			m := message.NewMessage(d.stored.uuid, d.stored.payload)
			m.Metadata = make(message.Metadata, len(d.stored.metadata)+2)
			maps.Copy(m.Metadata, d.stored.metadata)
			m.SetContext(ctx)
			select {
			case s.out <- m:
				go s.await(d, m, cancel)
				continue
			case <-s.stop:
			case <-s.ctx.Done():
			case <-s.closing:
			}
			cancel()
			s.answers <- answer{delivery: d, verdict: returned}
			return
		}
	}
}

// await passes the answer to one message on.
func (s *subscription) await(d *delivery, m *message.Message, cancel context.CancelFunc) {
	a := answer{delivery: d}
	select {
	case <-m.Acked():
		a.verdict = acked
	case <-m.Nacked():
		a.verdict = nacked
		a.reason = m.Metadata[consumer.MetaReason]
		a.permanent = m.Metadata[consumer.MetaPermanent] == "true"
	case <-s.abandon:
		cancel()
		return
	}
	cancel()
	s.answers <- a // there is room for all that are outstanding
}
