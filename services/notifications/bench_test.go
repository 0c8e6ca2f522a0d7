package notifications_test

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"
)

// BenchmarkOnSale sends the mails of an on-sale, with a ticket of two pages each, from confirmed orders to the mailbox.
func BenchmarkOnSale(b *testing.B) {
	for _, n := range []int{2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				m := newMesh(b)
				s := newStage()
				m.mustHandle(s.venueUpdated(), s.scheduled(1, nil))
				g, _ := errgroup.WithContext(context.Background())
				g.SetLimit(16)
				for i := range n {
					e := s.order(fmt.Sprintf("c-%d", i), 2).confirmed()
					g.Go(func() error { return m.handle(e) })
				}
				if err := g.Wait(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				m.run()
				m.eventually("all facts are published", func() bool { return len(m.bus.all()) == n })
				m.stop()
				b.StopTimer()
				m.close()
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
