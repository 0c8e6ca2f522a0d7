package sqlitebus

// bell tells a receiver that there may be something to get. Rung again before
// it is heard it still rings once.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (w bell) ring() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// listen has w rung whenever something comes into the queue.
func (b *Bus) listen(queueID int64, w bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting[queueID] == nil {
		b.waiting[queueID] = make(map[bell]struct{})
	}
	b.waiting[queueID][w] = struct{}{}
}

// ignore undoes listen.
func (b *Bus) ignore(queueID int64, w bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting[queueID], w)
	if len(b.waiting[queueID]) == 0 {
		delete(b.waiting, queueID)
	}
}
