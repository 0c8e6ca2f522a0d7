package sqlitebus

import "sync"

// stored is a message as it is in the archive. It is shared by its deliveries
// and must not be changed.
type stored struct {
	uuid     string
	metadata map[string]string
	payload  []byte
}

// cache keeps the latest messages, which most deliveries are about: fan-out
// then reads and decodes none of them.
type cache struct {
	mu    sync.Mutex
	limit int
	size  int
	m     map[int64]stored
	order []int64 // a ring, oldest at head
	head  int
}

func newCache(limit int) *cache {
	return &cache{limit: limit, m: make(map[int64]stored)}
}

// overhead is a rough guess of what an entry costs besides its payload.
const overhead = 1024

func (c *cache) put(seqs []int64, messages []stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, seq := range seqs {
		if _, ok := c.m[seq]; ok {
			continue
		}
		c.m[seq] = messages[i]
		c.order = append(c.order, seq)
		c.size += len(messages[i].payload) + overhead
	}
	for c.size > c.limit && c.head < len(c.order) {
		old := c.order[c.head]
		c.head++
		c.size -= len(c.m[old].payload) + overhead
		delete(c.m, old)
	}
	if c.head > len(c.order)/2 && c.head > 1024 {
		c.order = append(c.order[:0], c.order[c.head:]...)
		c.head = 0
	}
}

// get fills found with those of seqs that are cached and returns the others.
func (c *cache) get(seqs []int64, found map[int64]stored) (missing []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, seq := range seqs {
		if m, ok := c.m[seq]; ok {
			found[seq] = m
		} else {
			missing = append(missing, seq)
		}
	}
	return missing
}
