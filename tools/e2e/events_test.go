package e2e_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlitebus"

	"ticketmesh.dev/tools/internal/mesh"
)

var (
	fixedTime   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	eventType   = regexp.MustCompile(`^ticketmesh\.(shows|tickets|info|notifications)\.[a-z]+\.[a-z]+\.v1$`)
	traceParent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`)
)

// archive reads everything that was ever published in a data folder, unmasked.
func archive(t testing.TB, data string) []sqlitebus.Message {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	bus, err := sqlitebus.Open(ctx, filepath.Join(data, mesh.BusFile), sqlitebus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	}()
	last, err := bus.LastSeq(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var all []sqlitebus.Message
	for message, err := range bus.Tail(ctx, 0, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, message); message.Seq >= last {
			break
		}
	}
	return all
}

// TestEveryEventKeepsToItsSchema makes each service say what it can in a usual
// life, and reads all of it as a consumer outside would.
func TestEveryEventKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--demo")
	c := s.client()
	afterSale(t, c)
	h := c.openHouse(t, "More events", rows(2, 5, 5), nil)
	_, token := c.customer(t)
	gate := c.signIn(t, "gate@example.com", "demo-password").Access
	bought := c.buy(t, token, h.performanceID, place{"hall", "1-1"}, place{area: "floor"})
	code := c.ticket(t, token, bought.Tickets[0].TicketID).Code
	c.want(t, 200, call{method: "POST", path: "/tickets/checkins", token: gate, body: map[string]string{"code": code, "gate": "north"}}, nil)
	given := c.hold(t, token, h.performanceID, place{"hall", "1-2"})
	c.want(t, 402, call{method: "POST", path: "/tickets/orders", token: token, body: orderBody(given.HoldID, "tok_declined")}, nil)
	c.want(t, 204, call{method: "DELETE", path: "/tickets/holds/" + given.HoldID, token: token}, nil)
	cancelled := c.buy(t, token, h.performanceID, place{"hall", "1-3"})
	c.want(t, 200, call{method: "POST", path: "/tickets/orders/" + cancelled.OrderID + "/cancel", token: token}, nil)
	c.want(t, 200, call{method: "PATCH", path: "/shows/" + h.showID, token: h.organizer, body: map[string]string{"title": "Even more events"}}, nil)
	performance := "/shows/" + h.showID + "/performances/" + h.performanceID
	c.want(t, 200, call{method: "POST", path: performance + "/reschedule", token: h.organizer, body: map[string]string{"startsAt": "2031-06-08T19:30"}}, nil)
	c.want(t, 200, call{method: "POST", path: "/shows/" + h.showID + "/cancel", token: h.organizer}, nil)
	drained(t, s)
	until(t, "the orders of the cancelled show are refunded", func() bool {
		for _, o := range c.orders(t, h) {
			if o.Status == "confirmed" {
				return false
			}
		}
		return true
	})
	drained(t, s)

	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	seen, ids := map[string]int{}, map[string]bool{}
	for _, message := range archive(t, s.data) {
		seen[message.Type]++
		if ids[message.ID] {
			t.Errorf("%s is published twice", message.ID)
		}
		ids[message.ID] = true
		checkEvent(t, validator, message)
	}
	for _, wanted := range []string{
		showsevents.TypeShowPublished, showsevents.TypeShowUpdated, showsevents.TypeShowCancelled, showsevents.TypePerformanceScheduled,
		showsevents.TypePerformanceRescheduled, showsevents.TypePerformanceCancelled, ticketsevents.TypeHoldPlaced, ticketsevents.TypeHoldReleased,
		ticketsevents.TypeOrderPlaced, ticketsevents.TypeOrderConfirmed, ticketsevents.TypeOrderDeclined, ticketsevents.TypeOrderCancelled,
		ticketsevents.TypeOrderRefunded, ticketsevents.TypeTicketTransferred, ticketsevents.TypeTicketVoided, ticketsevents.TypeTicketAdmitted,
		ticketsevents.TypeAvailabilityChanged, ticketsevents.TypeWaitlistOffered, infoevents.TypeVenueUpdated, infoevents.TypePagePublished,
		notificationsevents.TypeMessageSent,
	} {
		if seen[wanted] == 0 {
			t.Errorf("there was no %s", wanted)
		}
	}
}

// checkEvent checks envelope and data of an event as they were published.
func checkEvent(t *testing.T, validator *contracts.Validator, message sqlitebus.Message) {
	t.Helper()
	var envelope struct {
		SpecVersion, ID, Type, Source, Subject, Time, DataContentType, DataSchema, CorrelationID, CausationID, TraceParent string

		Data       json.RawMessage
		DataBase64 *string `json:"data_base64"`
	}
	if err := json.Unmarshal(message.Envelope, &envelope); err != nil {
		t.Errorf("%s: %v", message.Envelope, err)
		return
	}
	if _, err := event.ParseCloudEvent(message.Envelope); err != nil {
		t.Errorf("%s: %v", message.Envelope, err)
	}
	service := strings.Split(envelope.Type+"..", ".")[1]
	eventID, err := id.Parse(envelope.ID)
	switch {
	case envelope.SpecVersion != "1.0" || envelope.DataContentType != "application/json" || envelope.DataBase64 != nil:
		t.Errorf("not a CloudEvent as agreed: %s", message.Envelope)
	case err != nil || eventID.Version() != 7 || envelope.ID != message.ID:
		t.Errorf("the id is %q, in the queue %q", envelope.ID, message.ID)
	case !eventType.MatchString(envelope.Type) || envelope.Type != message.Type || envelope.Source != "/ticketmesh/"+service:
		t.Errorf("type %q, in the queue %q, source %q", envelope.Type, message.Type, envelope.Source)
	case envelope.Subject == "" || !fixedTime.MatchString(envelope.Time):
		t.Errorf("%s: subject %q, time %q", envelope.Type, envelope.Subject, envelope.Time)
	case envelope.DataSchema != validator.SchemaID(envelope.Type) || envelope.DataSchema == "":
		t.Errorf("%s: dataschema %q", envelope.Type, envelope.DataSchema)
	case envelope.CorrelationID == "":
		t.Errorf("%s has no correlationid", envelope.Type)
	case envelope.TraceParent != "" && !traceParent.MatchString(envelope.TraceParent):
		t.Errorf("%s: traceparent %q", envelope.Type, envelope.TraceParent)
	}
	if err := validator.Validate(envelope.Type, envelope.Data); err != nil {
		t.Errorf("%v\n%s", err, envelope.Data)
	}
	var data struct{ Version int }
	if err := json.Unmarshal(envelope.Data, &data); err != nil || data.Version < 1 {
		t.Errorf("%s: version %d, %v", envelope.Type, data.Version, err)
	}
}
