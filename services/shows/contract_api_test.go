package shows_test

import (
	"crypto/sha256"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/sqlite"
)

// conversation calls operations by their names in the document. What they answer
// is held to it as in any test.
type conversation struct {
	*mesh
	operations map[string]contracttest.Operation
}

// say calls an operation. The path's parameters are filled in from ids, in their
// order.
func (c *conversation) say(status int, operation, caller string, body any, ids []string, options ...option) answer {
	c.t.Helper()
	o := c.operations[operation]
	a := c.do(caller, o.Method, o.URL(ids...), body, options...)
	if a.status != status {
		c.t.Errorf("%s: %d %s, want %d", operation, a.status, a.text, status)
	}
	return a
}

// interrupted leaves what the death of a process leaves of a request with an
// Idempotency-Key: its key, which is in use until the lease is over.
func (c *conversation) interrupted(operation string, caller, key, body string, ids []string) {
	c.t.Helper()
	now := clock.NewManual(begin)
	db, err := sqlite.Open(c.t.Context(), sqlite.Config{Path: filepath.Join(c.dir, "shows.db"), Clock: now})
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	o := c.operations[operation]
	if _, err := db.Idempotency(now).Claim(c.t.Context(), idempotency.Key{
		Caller: callers[caller].Sub, Method: o.Method, Path: o.URL(ids...), Key: key,
	}, sha256.Sum256([]byte(body)), time.Minute); err != nil {
		c.t.Fatal(err)
	}
}

// newPretixPlan is a plan of one seat.
func newPretixPlan() document {
	seat := document{"seat_guid": "a1", "seat_number": "1", "position": document{"x": 0, "y": 0}, "category": "I"}
	row := document{"row_number": "A", "position": document{"x": 0, "y": 0}, "seats": []any{seat}}
	return document{
		"name": "Cellar", "categories": []any{document{"name": "I", "color": "#fff"}}, "size": document{"width": 9, "height": 9},
		"zones": []any{document{"name": "Floor", "position": document{"x": 0, "y": 0}, "rows": []any{row}}},
	}
}

// TestContractEveryDeclaredStatusIsAnswered has every operation of the document
// give each of its answers.
func TestContractEveryDeclaredStatusIsAnswered(t *testing.T) {
	t.Parallel()
	m := start(t)
	c := &conversation{m, m.api.Operations()}
	of := func(performance string) []string {
		parts := strings.Split(performance, "/")
		return []string{parts[2], parts[4], "1"}
	}
	public := of(m.schedule(m.publishedShow()))
	nowhere := []string{id.New().String(), id.New().String(), "1", "?format=pretix"} // which an export needs
	const reschedule = `{"startsAt":"2027-06-02T20:00"}`
	imported := document{"format": "pretix", "document": newPretixPlan()}
	bodies := map[string]any{ // of those that need one
		"createShow": newShow(), "updateShow": document{"title": "Lear"},
		"schedulePerformance": newPerformance(), "reschedulePerformance": reschedule, "scheduleSeries": newSeries(),
		"createSeatPlan": newSeatPlan(), "replaceSeatPlan": newSeatPlan(), "importSeatPlan": imported,
		"updatePerformance": smaller(),
		"putPresale":        newPresale(), "updateAllocation": document{"released": true},
	}

	// What is the same for all.
	for name, operation := range c.operations {
		for _, status := range operation.Statuses {
			switch body := bodies[name]; status {
			case 400:
				if operation.Body {
					c.say(400, name, organizer, `{"unheard of": 1}`, public)
				}
				c.say(400, name, organizer, body, append(public, "?%zz"))
			case 401:
				c.say(401, name, "mallory", body, public)
			case 403:
				c.say(403, name, customer, body, public)
			case 404:
				c.say(404, name, organizer, body, nowhere)
			case 413:
				c.say(413, name, organizer, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, public)
			case 415:
				c.say(415, name, organizer, `{}`, public, header("Content-Type", "text/plain"))
			}
		}
	}

	// What a key that is in use is answered, and one that another request used.
	for _, name := range []string{"createShow", "createSeatPlan", "importSeatPlan", "cancelShow", "cancelPerformance"} {
		c.interrupted(name, organizer, "k", `{}`, public)
		c.say(409, name, organizer, `{}`, public, header("Idempotency-Key", "k"))
	}
	for _, name := range []string{"createShow", "createSeatPlan", "importSeatPlan"} {
		c.say(201, name, organizer, bodies[name], nil, header("Idempotency-Key", "used"))
		c.say(422, name, organizer, `{}`, nil, header("Idempotency-Key", "used"))
	}

	// From the draft to its end.
	showID := c.say(201, "createShow", organizer, newShow(), nil).string("showId")
	performanceID := c.say(201, "schedulePerformance", organizer, newPerformance(), []string{showID}).string("performanceId")
	ids := []string{showID, performanceID, "1"}
	mixed := newPerformance()
	price(mixed, 0)["currency"] = "JPY"
	c.say(422, "schedulePerformance", organizer, mixed, ids)
	seriesID := c.say(201, "scheduleSeries", organizer, newSeries(), ids).string("seriesId")
	skipped := newSeries()
	skipped["startsAt"] = "2027-03-28T02:30"
	c.say(422, "scheduleSeries", organizer, skipped, ids)
	c.say(200, "publishShow", organizer, nil, ids)
	c.say(200, "updateShow", organizer, document{"title": "Macbeth"}, ids, header("If-Match", `"2"`))
	c.say(412, "updateShow", organizer, document{"title": "Lear"}, ids, header("If-Match", `"2"`))
	for _, read := range []string{"listShows", "getShow", "listPerformances", "getPerformance", "getAvailability", "getSeatMap"} {
		c.say(200, read, nobody, nil, ids)
	}
	for _, read := range []string{"listShows", "getShow"} {
		c.say(304, read, nobody, nil, ids, header("If-None-Match", "*"))
	}
	c.say(200, "getSeries", nobody, nil, []string{showID, seriesID})
	c.say(200, "reschedulePerformance", organizer, reschedule, ids)
	c.say(422, "reschedulePerformance", organizer, `{"startsAt":"2027-03-28T02:30"}`, ids)
	c.say(200, "updatePerformance", organizer, smaller(), ids)
	c.say(412, "updatePerformance", organizer, smaller(), ids, header("If-Match", `"1"`))
	m.sale.answers(422, problem(422, "area_kind_changed"))
	c.say(422, "updatePerformance", organizer, newPerformanceMap(), ids)
	m.sale.answers(503, problem(503, "unavailable"))
	c.say(503, "updatePerformance", organizer, newPerformanceMap(), ids)
	kept := []string{showID, c.say(201, "schedulePerformance", organizer, allocated(), ids).string("performanceId"), "sponsors"}
	c.say(200, "updateAllocation", organizer, document{"released": true}, kept)
	c.say(200, "putPresale", organizer, newPresale(), kept)
	c.say(200, "listPresales", organizer, nil, kept)
	c.say(204, "deletePresale", organizer, nil, kept)
	c.say(200, "cancelPerformance", organizer, nil, ids)
	c.say(409, "updatePerformance", organizer, smaller(), ids)
	c.say(409, "reschedulePerformance", organizer, reschedule, ids)
	for _, name := range []string{"putPresale", "deletePresale", "updateAllocation"} {
		c.say(409, name, organizer, bodies[name], ids)
	}
	c.say(200, "cancelShow", organizer, nil, ids)
	c.say(409, "publishShow", organizer, nil, ids)
	c.say(409, "updateShow", organizer, document{"title": "Lear"}, ids)
	c.say(409, "schedulePerformance", organizer, newPerformance(), ids)
	c.say(409, "scheduleSeries", organizer, newSeries(), ids)

	// The plans of a house.
	plan := []string{c.say(201, "createSeatPlan", organizer, newSeatPlan(), nil).string("planId")}
	c.say(200, "listSeatPlans", organizer, nil, nil)
	c.say(200, "getSeatPlan", organizer, nil, plan)
	c.say(200, "exportSeatPlan", organizer, nil, append(plan, "?format=pretix"))
	c.say(200, "replaceSeatPlan", organizer, newSeatPlan(), plan)
	c.say(412, "replaceSeatPlan", organizer, newSeatPlan(), plan, header("If-Match", `"7"`))
	c.say(412, "deleteSeatPlan", organizer, nil, plan, header("If-Match", `"7"`))
	c.say(204, "deleteSeatPlan", organizer, nil, plan)

	c.say(200, "getHealth", nobody, nil, nil)
	m.close() // the store is gone
	c.say(503, "getHealth", nobody, nil, nil)

	for _, missing := range m.api.Unseen() {
		t.Errorf("never answered, and the document declares it: %s", missing)
	}
}
