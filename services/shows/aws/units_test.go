package aws_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/platform/usage/usagetest"
	"ticketmesh.dev/services/shows/aws/api"
	"ticketmesh.dev/services/shows/aws/consumer"
	"ticketmesh.dev/services/shows/aws/jobs"
	"ticketmesh.dev/services/shows/aws/relay"
)

// repetitions are how often a use case is measured.
const repetitions = 3

// measured are the functions, opened once as a process of Lambda does.
type measured struct {
	functions
	meter *usagetest.Meter
	rt    lambda.Runtime
	hear  func(body string)
	relay func() // what the table's stream has
	pass  func()
}

func measure(t *testing.T) measured {
	t.Helper()
	c := newCloud(t)
	m := measured{functions: functions{cloud: c}, meter: usagetest.New(t, c.variables["AWS_ENDPOINT_URL"], c.table.Meter())}
	c.variables["AWS_ENDPOINT_URL"] = m.meter.URL()
	m.rt = lambda.Runtime{
		Getenv:  c.getenv,
		Logger:  slog.New(slog.NewJSONHandler(m.meter.Log(), nil)),
		Metrics: metrics.New(m.meter.Log(), clock.System{}, c.stage),
	}
	m.api = m.serve()
	handle, err := consumer.Open(t.Context(), m.rt)
	c.ok(err)
	m.hear = func(body string) {
		m.meter.Invoke("consumer", func() []byte {
			response, err := handle(c.within(30*time.Second), c.records("shows-availability", body))
			if err != nil || len(response.BatchItemFailures) != 0 {
				t.Fatal(response, err)
			}
			return nil
		})
	}
	publish, err := relay.Open(t.Context(), m.rt)
	c.ok(err)
	m.relay = func() {
		batch := c.stream()
		if len(batch.Records) == 0 {
			return
		}
		m.meter.Invoke("relay", func() []byte {
			response, err := publish(c.within(30*time.Second), batch)
			if err != nil || len(response.BatchItemFailures) != 0 {
				t.Fatal(response, err)
			}
			return nil
		})
	}
	do, err := jobs.Open(t.Context(), m.rt)
	c.ok(err)
	m.pass = func() {
		m.meter.Invoke("jobs", func() []byte {
			_, err := do(c.within(55*time.Second), jobs.Request{})
			c.ok(err)
			return nil
		})
	}
	return m
}

// serve has a new process of the API behind the gateway, which has nothing in its cache.
func (m measured) serve() http.Handler {
	m.Helper()
	handler, err := api.Open(m.Context(), m.rt)
	m.ok(err)
	answer := apigateway.Handler(handler)
	return awstest.REST("shows", func(ctx context.Context, payload []byte) (answered []byte, err error) {
		m.meter.Invoke("api", func() []byte {
			answered, err = answer(ctx, payload)
			return answered
		})
		return answered, err
	})
}

// arena is a seat map of 20,000 seats.
func arena() []any {
	areas := []any{}
	for block := range 40 {
		rows := []any{}
		for row := range 20 {
			rows = append(rows, object{"row": fmt.Sprint(row + 1), "seats": "1-25"})
		}
		areas = append(areas, object{"id": fmt.Sprintf("block-%d", block), "kind": "seated", "priceCategory": "I", "rows": rows})
	}
	return areas
}

// told is a report of a partition of the arena.
func (m measured) told(performanceID string, block, partition, version int) string {
	return strings.NewReplacer(
		`"areaId":"stalls","partition":0`, fmt.Sprintf(`"areaId":"block-%d","partition":%d`, block, partition),
		"/stalls/0", fmt.Sprintf("/block-%d/%d", block, partition),
	).Replace(m.report(performanceID, version, 40-version))
}

// TestTheFileOfUnitsSaysWhatUseCasesCost is what the cost of a sale is computed from.
func TestTheFileOfUnitsSaysWhatUseCasesCost(t *testing.T) {
	t.Parallel()
	m := measure(t)
	cases := map[string][]usage.Case{}
	took := func(name string) { cases[name] = append(cases[name], m.meter.Take()) }

	m.draft(1) // keys of tokens are fetched once
	m.pass()
	m.meter.Take()
	var path, performanceID string
	for range repetitions {
		_, s := m.do(201, "ada", "POST", "/shows", hamlet)
		path = "/shows/" + s["showId"].(string)
		_, p := m.do(201, "ada", "POST", path+"/performances", performanceIn(arena()...))
		performanceID = p["performanceId"].(string)
		m.do(200, "ada", "POST", path+"/publish", nil)
		m.relay()
		took("house announced")
	}
	for block := range 40 {
		for partition := range 10 {
			m.hear(m.told(performanceID, block, partition, 1))
		}
	}
	m.meter.Take()
	for n := range repetitions {
		m.hear(m.told(performanceID, 0, 0, n+2))
		m.relay()
		took("availability changed")

		m.api = m.serve()
		m.do(200, "", "GET", path+"/performances/"+performanceID, nil)
		m.do(200, "", "GET", path+"/performances/"+performanceID+"/availability", nil)
		took("performance looked at")
		m.pass()
		took("nothing due")
	}
	usagetest.Hold(t, "../docs/units.json", cases)
}
