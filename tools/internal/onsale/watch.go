package onsale

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/contracts/showsapi"
)

const (
	// lookInterval is how often shows' availability is looked at.
	lookInterval = 50 * time.Millisecond
	// drainTimeout bounds the wait for the mails.
	drainTimeout = 5 * time.Minute
)

// mails counts sent messages as their events arrive.
type mails struct {
	arrived chan time.Time
	failed  chan error
}

// watchMails follows the mesh's event stream from now on.
func (h *house) watchMails(ctx context.Context) (*mails, error) {
	address := h.url + "/dev/events?" + url.Values{"type": {notificationsevents.TypeMessageSent}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// The stream has no end, so it must not have the others' timeout.
	answer, err := (&http.Client{Transport: h.client.Transport}).Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s: %s", address, answer.Status), answer.Body.Close())
	}
	m := &mails{arrived: make(chan time.Time, 1024), failed: make(chan error, 1)}
	go func() {
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if !strings.HasPrefix(lines.Text(), "event: ") {
				continue
			}
			select {
			case m.arrived <- time.Now():
			case <-ctx.Done():
				return
			}
		}
		m.failed <- fmt.Errorf("the event stream ended: %w", errors.Join(lines.Err(), ctx.Err()))
	}()
	return m, nil
}

// wait returns when the n-th mail was sent.
func (m *mails) wait(ctx context.Context, n int) (time.Time, error) {
	timeout := time.NewTimer(drainTimeout)
	defer timeout.Stop()
	var last time.Time
	for seen := 0; seen < n; seen++ {
		select {
		case last = <-m.arrived:
		case err := <-m.failed:
			return last, err
		case <-timeout.C:
			return last, fmt.Errorf("%d of %d mails were sent within %s", seen, n, drainTimeout)
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
	return last, nil
}

// look is what shows said at one time.
type look struct {
	at    time.Time
	taken int
}

// availability is the looks at shows' read model.
type availability struct {
	mu    sync.Mutex
	looks []look
}

// watchAvailability looks at the read model until ctx ends.
func (h *house) watchAvailability(ctx context.Context) *availability {
	seen := &availability{}
	go func() {
		ticker := time.NewTicker(lookInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			at := time.Now() // before asking: what is answered is at least as new
			answer, err := h.shows.GetAvailability(ctx, showsapi.GetAvailabilityParams{ShowId: h.showID, PerformanceId: h.performanceID})
			if err != nil {
				continue
			}
			if told, ok := answer.(*showsapi.Availability); ok {
				taken := 0
				for _, area := range told.Areas {
					taken += area.Capacity - area.Available
				}
				seen.mu.Lock()
				seen.looks = append(seen.looks, look{at, taken})
				seen.mu.Unlock()
			}
		}
	}()
	return seen
}

// p99 returns the 99th percentile of how old the oldest answered hold was that a
// look did not count.
func (a *availability) p99(sales []sale) float64 {
	heldAt := make([]time.Time, len(sales))
	for i, s := range sales {
		heldAt[i] = s.heldAt
	}
	slices.SortFunc(heldAt, time.Time.Compare)
	a.mu.Lock()
	defer a.mu.Unlock()
	var lags []time.Duration
	for _, l := range a.looks {
		if len(heldAt) == 0 || l.at.Before(heldAt[0]) || l.at.After(heldAt[len(heldAt)-1]) {
			continue
		}
		lag := time.Duration(0)
		if l.taken < len(heldAt) && heldAt[l.taken].Before(l.at) {
			lag = l.at.Sub(heldAt[l.taken])
		}
		lags = append(lags, lag)
	}
	return percentile(lags, 99)
}
