package aws_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/platform/usage/usagetest"
	"ticketmesh.dev/services/tickets/aws/api"
	"ticketmesh.dev/services/tickets/aws/consumer"
	"ticketmesh.dev/services/tickets/aws/jobs"
	"ticketmesh.dev/services/tickets/aws/relay"
)

// repetitions are how often a use case is measured.
const repetitions = 2

// measured are the functions, opened once as a process of Lambda does.
type measured struct {
	functions
	meter *usagetest.Meter
	learn func(told []byte)
	relay func() // what the table's stream has
	pass  func(job string)
}

func measure(t *testing.T) measured {
	t.Helper()
	c := newCloud(t)
	m := measured{functions: functions{cloud: c}, meter: usagetest.New(t, c.variables["AWS_ENDPOINT_URL"], c.table.Meter())}
	c.variables["AWS_ENDPOINT_URL"] = m.meter.URL()
	rt := lambda.Runtime{
		Getenv:  c.getenv,
		Logger:  slog.New(slog.NewJSONHandler(m.meter.Log(), nil)),
		Metrics: metrics.New(m.meter.Log(), clock.System{}, c.stage),
	}
	handler, err := api.Open(t.Context(), rt)
	c.ok(err)
	answer := apigateway.Handler(handler)
	m.api = c.gateway(func(ctx context.Context, payload []byte) (answered []byte, err error) {
		m.meter.Invoke("api", func() []byte {
			answered, err = answer(ctx, payload)
			return answered
		})
		return answered, err
	})
	handle, err := consumer.Open(t.Context(), rt)
	c.ok(err)
	m.learn = func(told []byte) {
		m.meter.Invoke("consumer", func() []byte {
			response, err := handle(c.within(30*time.Second), c.records("tickets-performances", told))
			if err != nil || len(response.BatchItemFailures) != 0 {
				t.Fatal(response, err)
			}
			return nil
		})
	}
	publish, err := relay.Open(t.Context(), rt)
	c.ok(err)
	m.relay = func() {
		for records := range slices.Chunk(c.stream().Records, 100) { // the most that the mapping passes on at once
			m.meter.Invoke("relay", func() []byte {
				response, err := publish(c.within(time.Minute), events.DynamoDBEvent{Records: records})
				if err != nil || len(response.BatchItemFailures) != 0 {
					t.Fatal(response, err)
				}
				return nil
			})
		}
	}
	do, err := jobs.Open(t.Context(), rt)
	c.ok(err)
	m.pass = func(job string) {
		m.meter.Invoke("jobs", func() []byte {
			_, err := do(c.within(55*time.Second), jobs.Request{Job: job})
			c.ok(err)
			return nil
		})
	}
	return m
}

func blocks(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("block-%d", i+1))
	}
	return names
}

// arena is a performance in a house of 20,000 seats.
func arena() showsevents.Performance {
	p := performance()
	var areas []showsevents.Area
	for _, block := range append([]string{"stalls"}, blocks(39)...) {
		area := showsevents.Area{ID: block, Kind: showsevents.AreaKindSeated, PriceCategory: "I"}
		for row := range 20 {
			area.Rows = append(area.Rows, showsevents.Row{Row: fmt.Sprint(row + 1), Seats: "1-25"})
		}
		areas = append(areas, area)
	}
	p.PriceCategories = p.PriceCategories[:1]
	p.SeatMap = showsevents.NewOptSeatMap(showsevents.SeatMap{Areas: areas})
	return p
}

// TestTheFileOfUnitsSaysWhatUseCasesCost is what the cost of a sale is computed from.
func TestTheFileOfUnitsSaysWhatUseCasesCost(t *testing.T) {
	t.Parallel()
	m := measure(t)
	cases := map[string][]usage.Case{}
	took := func(name string) { cases[name] = append(cases[name], m.meter.Take()) }

	for range 2 {
		m.learn(m.scheduled(performance()))
		m.relay()
	}
	m.meter.Take() // keys of tokens are fetched once, and so is what stands in secrets
	house := arena()
	m.learn(m.scheduled(house))
	m.relay()
	took("house announced")
	look := "/tickets/performances/" + house.PerformanceID.String() + "/seats"
	m.must(http.StatusOK, nil, "GET", look, "", nil)
	// What is done once, and not each time.
	m.buy("first", house, seats("20-1"))
	m.heldSince(20*time.Minute, "first", house, "20-24", "20-25")
	m.pass("")
	m.relay()
	m.meter.Take()
	for n := range repetitions {
		caller := fmt.Sprintf("customer-%d", n)
		m.must(http.StatusOK, nil, "GET", look, "", nil)
		took("seats looked at")
		for _, tickets := range []int{2, 4} {
			var adjacent []string
			for i := range tickets {
				adjacent = append(adjacent, fmt.Sprintf("%d-%d", n+1, tickets+i))
			}
			held := m.hold(caller, house, seats(adjacent...))
			m.relay()
			took(fmt.Sprintf("hold, %d tickets", tickets))
			var bought ordered
			m.must(http.StatusCreated, &bought, "POST", "/tickets/orders", caller, orderOf(held, "test", "tok_ok"), "Idempotency-Key", held)
			m.relay()
			took(fmt.Sprintf("order, %d tickets", tickets))
			var ticket struct{ Code string }
			m.must(http.StatusOK, &ticket, "GET", "/tickets/"+bought.Tickets[0].TicketID, caller, nil)
			m.meter.Take()
			m.must(http.StatusOK, nil, "POST", "/tickets/checkins", "gabi,gate", map[string]any{"code": ticket.Code, "gate": "north"})
			m.relay()
			took("check-in")
		}
		m.pass("")
		took("nothing due")
		m.heldSince(20*time.Minute, caller, house, fmt.Sprintf("%d-24", n+1), fmt.Sprintf("%d-25", n+1))
		m.relay()
		m.meter.Take()
		m.pass("sweep")
		m.relay()
		took("hold expired")
	}
	usagetest.Hold(t, "../docs/units.json", cases)
}
