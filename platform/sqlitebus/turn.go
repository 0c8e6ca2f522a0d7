package sqlitebus

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

const unanswered = "received too often without an answer"

// turn stores all answers, keeps what is in flight invisible and claims up to
// want messages, in one write. It reports whether that succeeded; if not,
// nothing has changed.
func (s *subscription) turn(want int) bool {
	b := s.bus
	now := b.now()
	var (
		taken   *claim
		retries []int64 // when nacked messages become visible
		extends []*claim
		until   = now + s.config.VisibilityTimeout.Milliseconds()
		full    bool
	)
	err := b.db.Write(context.Background(), func(tx *sqlite.Tx) error {
		taken, retries, extends, full = nil, retries[:0], extends[:0], false
		if err := s.store(tx, now, &retries); err != nil {
			return err
		}
		// Before claiming: when the clock has jumped, what is in flight here
		// would be claimed a second time.
		for _, c := range s.claims {
			if c.live > 0 && c.visibleAt-now < s.config.VisibilityTimeout.Milliseconds()/2 {
				if _, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ? WHERE queue = ? AND visible_at = ? AND lease = ?`,
					until, s.queue, c.visibleAt, c.lease); err != nil {
					return err
				}
				extends = append(extends, c)
			}
		}
		if want == 0 {
			return nil
		}
		var err error
		taken, full, err = take(tx, s.queue, s.config.MaxReceives, now, until, want)
		return err
	})
	if err != nil {
		b.logger.Error("queue cannot be written", "queue", s.config.Queue, "error", err)
		for i := range s.answered {
			s.answered[i].delivery.leaving = false
		}
		return false
	}
	for _, a := range s.answered {
		a.delivery.leaving = false
		a.delivery.gone = true
		a.delivery.claim.live--
	}
	s.answered = s.answered[:0]
	for _, c := range extends {
		c.visibleAt = until
	}
	s.claims = slices.DeleteFunc(s.claims, func(c *claim) bool { return c.live == 0 })
	for _, at := range retries {
		time.AfterFunc(time.Duration(at-now)*time.Millisecond, s.wake.ring)
	}
	if want > 0 {
		s.more = full
	}
	if taken == nil || len(taken.members) == 0 {
		return true
	}
	if err := b.load(s.config.Queue, taken); err != nil {
		// The claim runs out unless it is given back; that is another write.
		b.logger.Error("messages cannot be read", "queue", s.config.Queue, "error", err)
		s.claims = append(s.claims, taken)
		taken.live = len(taken.members)
		for _, d := range taken.members {
			s.answered = append(s.answered, answer{delivery: d, verdict: returned})
		}
		return false
	}
	taken.live = len(taken.members)
	s.claims = append(s.claims, taken)
	for _, d := range taken.members {
		s.outstanding++
		s.ready <- d
	}
	return true
}

// store writes the answers that have come.
func (s *subscription) store(tx *sqlite.Tx, now int64, retries *[]int64) error {
	touched := make(map[*claim]int, 4)
	for _, a := range s.answered {
		d := a.delivery
		switch {
		case a.verdict == acked:
			d.leaving = true
			touched[d.claim]++
		case a.verdict == returned:
			if err := giveBack(tx, s.queue, d, now); err != nil {
				return err
			}
		case a.permanent || d.receives >= s.config.MaxReceives:
			if err := bury(tx, s.queue, d, now, a.reason); err != nil {
				return err
			}
		default:
			delay := s.config.RetryDelay(d.receives).Milliseconds()
			if err := release(tx, s.queue, d, now+delay); err != nil {
				return err
			}
			*retries = append(*retries, now+delay)
		}
	}
	for c, n := range touched {
		if err := s.forget(tx, c, n); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes the acknowledged n deliveries of c: all at once when no other
// is left, or by ranges, between whose ends nothing else bears the receipt.
func (s *subscription) forget(tx *sqlite.Tx, c *claim, n int) error {
	if n == c.live {
		_, err := tx.Exec(`DELETE FROM deliveries WHERE queue = ? AND visible_at = ? AND lease = ?`, s.queue, c.visibleAt, c.lease)
		return err
	}
	for i := 0; i < len(c.members); i++ {
		if !c.members[i].leaving {
			continue
		}
		last := i
		for j := i + 1; j < len(c.members) && (c.members[j].leaving || c.members[j].gone); j++ {
			if c.members[j].leaving {
				last = j
			}
		}
		if _, err := tx.Exec(`DELETE FROM deliveries WHERE queue = ? AND visible_at = ? AND seq BETWEEN ? AND ? AND lease = ?`,
			s.queue, c.visibleAt, c.members[i].seq, c.members[last].seq, c.lease); err != nil {
			return err
		}
		i = last
	}
	return nil
}

// release makes d visible at a time.
func release(tx *sqlite.Tx, queueID int64, d *delivery, at int64) error {
	_, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ?, lease = 0 WHERE queue = ? AND visible_at = ? AND seq = ? AND lease = ?`,
		at, queueID, d.claim.visibleAt, d.seq, d.claim.lease)
	return err
}

// giveBack undoes the receive of d.
func giveBack(tx *sqlite.Tx, queueID int64, d *delivery, now int64) error {
	_, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ?, lease = 0, receive_count = receive_count - 1
		WHERE queue = ? AND visible_at = ? AND seq = ? AND lease = ?`,
		now, queueID, d.claim.visibleAt, d.seq, d.claim.lease)
	return err
}

// bury moves d to the dead letters, unless its lease was lost to another.
func bury(tx *sqlite.Tx, queueID int64, d *delivery, now int64, reason string) error {
	if reason == "" {
		reason = "refused without a reason"
	}
	n, err := tx.Exec(`INSERT OR REPLACE INTO dead_letters (queue, seq, reason, receive_count, first_at, dead_at)
		SELECT queue, seq, ?, receive_count, first_at, ? FROM deliveries WHERE queue = ? AND visible_at = ? AND seq = ? AND lease = ?`,
		reason, now, queueID, d.claim.visibleAt, d.seq, d.claim.lease)
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.Exec(`DELETE FROM deliveries WHERE queue = ? AND visible_at = ? AND seq = ? AND lease = ?`,
		queueID, d.claim.visibleAt, d.seq, d.claim.lease)
	return err
}

// take claims up to want visible deliveries, oldest first. Those that were
// received maxReceives times and never answered are buried on the way: they
// may be what ends the process. full is whether there may be more.
func take(tx *sqlite.Tx, queueID int64, maxReceives int, now, until int64, want int) (c *claim, full bool, err error) {
	rows, err := tx.Query(`SELECT visible_at, seq, receive_count FROM deliveries WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, seq LIMIT ?`,
		queueID, now, want)
	if err != nil {
		return nil, false, err
	}
	c = &claim{visibleAt: until, lease: rand.Int64N(1<<62) + 1}
	type exhausted struct{ visibleAt, seq int64 }
	var dead []exhausted
	var visibleAt, seq int64
	n := 0
	for rows.Next() {
		var receives int
		if err := rows.Scan(&visibleAt, &seq, &receives); err != nil {
			return nil, false, err
		}
		n++
		if receives >= maxReceives {
			dead = append(dead, exhausted{visibleAt, seq})
			continue
		}
		c.members = append(c.members, &delivery{claim: c, seq: seq, receives: receives + 1})
	}
	if err := rows.Err(); err != nil {
		return nil, false, err
	}
	full = n == want
	if n == 0 {
		return c, false, nil
	}
	for _, d := range dead {
		if _, err := tx.Exec(`INSERT OR REPLACE INTO dead_letters (queue, seq, reason, receive_count, first_at, dead_at)
			SELECT queue, seq, ?, receive_count, first_at, ? FROM deliveries WHERE queue = ? AND visible_at = ? AND seq = ?`,
			unanswered, now, queueID, d.visibleAt, d.seq); err != nil {
			return nil, false, err
		}
		if _, err := tx.Exec(`DELETE FROM deliveries WHERE queue = ? AND visible_at = ? AND seq = ?`, queueID, d.visibleAt, d.seq); err != nil {
			return nil, false, err
		}
	}
	if len(c.members) == 0 {
		return c, full, nil
	}
	// All up to the last that was read are those that were read. A message
	// that waits twice, after a replay, becomes one.
	if _, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ?, lease = ?, receive_count = receive_count + 1,
			first_at = CASE first_at WHEN 0 THEN ? ELSE first_at END
		WHERE queue = ? AND visible_at <= ? AND (visible_at < ? OR seq <= ?)`,
		until, c.lease, now, queueID, visibleAt, visibleAt, seq); err != nil {
		return nil, false, err
	}
	slices.SortFunc(c.members, func(a, b *delivery) int { return cmp.Compare(a.seq, b.seq) })
	c.members = slices.CompactFunc(c.members, func(a, b *delivery) bool {
		return a.seq == b.seq
	})
	return c, full, nil
}

// load fetches the claimed messages, outside of the writer. A message that is
// no longer archived cannot be delivered; its delivery runs out into the dead
// letters, where its absence shows.
func (b *Bus) load(queueName string, c *claim) error {
	seqs := make([]int64, len(c.members))
	for i, d := range c.members {
		seqs[i] = d.seq
	}
	found := make(map[int64]stored, len(seqs))
	if missing := b.cache.get(seqs, found); len(missing) > 0 {
		if err := b.read(missing, found); err != nil {
			return err
		}
	}
	for _, d := range c.members {
		m, ok := found[d.seq]
		if !ok {
			b.logger.Error("message is not in the archive", "queue", queueName, "seq", d.seq)
		}
		d.stored = m
	}
	c.members = slices.DeleteFunc(c.members, func(d *delivery) bool { _, ok := found[d.seq]; return !ok })
	return nil
}

func (b *Bus) read(seqs []int64, into map[int64]stored) error {
	return b.db.Read(context.Background(), func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT seq, id, metadata, envelope FROM messages WHERE seq IN (SELECT value FROM json_each(?))`, seqList(seqs))
		if err != nil {
			return err
		}
		for rows.Next() {
			var (
				seq   int64
				rawID any
				body  []byte
				md    string
			)
			if err := rows.Scan(&seq, &rawID, &md, &body); err != nil {
				return err
			}
			m := stored{uuid: unpackID(rawID), payload: body}
			if m.metadata, err = decodeMetadata(md); err != nil {
				return err
			}
			into[seq] = m
		}
		return rows.Err()
	})
}

// surrender makes all that is still unanswered visible at once: nobody will
// answer for it any more.
func (s *subscription) surrender() {
	now := s.bus.now()
	err := s.bus.db.Write(context.Background(), func(tx *sqlite.Tx) error {
		for _, c := range s.claims {
			if _, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ?, lease = 0 WHERE queue = ? AND visible_at = ? AND lease = ?`,
				now, s.queue, c.visibleAt, c.lease); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.bus.logger.Error("queue cannot be written", "queue", s.config.Queue, "error", err)
	}
}
