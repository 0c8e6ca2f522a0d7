// Package onsale sells a house out over HTTP, as fast as buyers who wait for
// their answers can, and counts afterwards what was sold.
package onsale

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Mode is how buyers choose their places.
type Mode string

// The modes.
const (
	Seats   Mode = "seats"   // each a seat of its own, by name
	General Mode = "general" // places of one general area
	Best    Mode = "best"    // the best seat there is: all want the same
)

// Config says what to sell and where.
type Config struct {
	URL               string
	Mode              Mode
	OrganizerEmail    string
	OrganizerPassword string
	Seats, Buyers     int // Seats: how many are sold
	Room              int // places that the house has, Seats at least
	Past              int // orders that there were before; only told in the report
}

// Latency is percentiles of one kind of request, in milliseconds.
type Latency struct {
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
}

// Report is what a run measured. Sold and Oversold are counted from the seats
// and tickets that the API tells afterwards.
type Report struct {
	Mode           Mode    `json:"mode"`
	Room           int     `json:"room"`
	Past           int     `json:"past"`
	Sold           int     `json:"sold"`
	Oversold       int     `json:"oversold"`
	Seconds        float64 `json:"seconds"`
	SalesPerSecond float64 `json:"salesPerSecond"`
	Hold           Latency `json:"hold"`
	Order          Latency `json:"order"`
	// FirstTenth and LastTenth are of a hold and its order together, of the sales
	// that were made first and last.
	FirstTenth Latency `json:"firstTenth"`
	LastTenth  Latency `json:"lastTenth"`
	// EventLagP99Millis is how far shows' availability lagged behind what
	// tickets had answered, looked at while selling: the age of the oldest
	// answered hold that it did not count yet. A hold changes its partition as
	// its order does and travels the same way.
	EventLagP99Millis float64 `json:"eventLagP99Millis"`
	// MailDrainSeconds is from the last sale until every mail was sent.
	MailDrainSeconds float64 `json:"mailDrainSeconds"`
	RSSMiB           float64 `json:"rssMiB"`
}

// sale is one seat sold: when its hold and its order were answered.
type sale struct {
	hold, order time.Duration
	heldAt      time.Time
}

// Run sells the seats, each by a hold and an order of its own.
func Run(ctx context.Context, c Config) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.Room = max(c.Room, c.Seats)
	house, err := openHouse(ctx, c)
	if err != nil {
		return Report{}, fmt.Errorf("prepare: %w", err)
	}
	mails, err := house.watchMails(ctx)
	if err != nil {
		return Report{}, err
	}
	lag := house.watchAvailability(ctx)

	begin := time.Now()
	sales, err := house.sell(ctx)
	if err != nil {
		return Report{}, err
	}
	end := time.Now()
	report := Report{Mode: c.Mode, Room: c.Room, Past: c.Past, Seconds: end.Sub(begin).Seconds()}
	report.SalesPerSecond = float64(len(sales)) / report.Seconds
	report.Hold = latency(sales, func(s sale) time.Duration { return s.hold })
	report.Order = latency(sales, func(s sale) time.Duration { return s.order })
	report.FirstTenth, report.LastTenth = tenths(sales)
	report.EventLagP99Millis = lag.p99(sales)
	drained, err := mails.wait(ctx, len(sales))
	if err != nil {
		return report, err
	}
	report.MailDrainSeconds = max(0, drained.Sub(end).Seconds())
	report.Sold, report.Oversold, err = house.count(ctx)
	return report, err
}

// sell lets every buyer take place after place until all are sold that are to be.
func (h *house) sell(ctx context.Context) ([]sale, error) {
	var (
		next     atomic.Int64
		group    sync.WaitGroup
		failures = make([]error, len(h.buyers))
		sold     = make([][]sale, len(h.buyers))
	)
	for i, buyer := range h.buyers {
		group.Go(func() {
			for failures[i] == nil {
				n := int(next.Add(1)) - 1
				if n >= h.toSell {
					return
				}
				made, err := buyer.buy(ctx, h.performanceID, h.wish(n))
				sold[i], failures[i] = append(sold[i], made), err
			}
		})
	}
	group.Wait()
	return slices.Concat(sold...), errors.Join(failures...)
}

func latency(sales []sale, of func(sale) time.Duration) Latency {
	durations := make([]time.Duration, len(sales))
	for i, s := range sales {
		durations[i] = of(s)
	}
	return Latency{P50Millis: percentile(durations, 50), P99Millis: percentile(durations, 99)}
}

// tenths returns how long the first and the last tenth of the sales took.
func tenths(sales []sale) (first, last Latency) {
	byTime := slices.SortedFunc(slices.Values(sales), func(a, b sale) int { return a.heldAt.Compare(b.heldAt) })
	n := (len(byTime) + 9) / 10
	whole := func(s sale) time.Duration { return s.hold + s.order }
	return latency(byTime[:n], whole), latency(byTime[len(byTime)-n:], whole)
}

// percentile returns the p-th percentile (nearest rank) in milliseconds.
func percentile(durations []time.Duration, p int) float64 {
	if len(durations) == 0 {
		return 0
	}
	slices.Sort(durations)
	rank := max(0, (len(durations)*p+99)/100-1)
	return float64(durations[rank]) / float64(time.Millisecond)
}

// newClient returns a client that keeps one connection for each buyer.
func newClient(buyers int) *http.Client {
	return &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{
		MaxIdleConns: buyers + 16, MaxIdleConnsPerHost: buyers + 16, DisableCompression: true,
	}}
}
