package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
	"ticketmesh.dev/services/notifications/internal/dynamo"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

const template = "../../template.yaml"

var now = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

func validator(t *testing.T) event.Validator {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	endpoint, v := testserver.Moto(t), validator(t)
	apptest.Stores(t, func(t *testing.T) apptest.Opened {
		table := dynamotest.New(t, endpoint, template)
		store := dynamo.New(platform.New(table.Client(t), table.Name, clock.NewManual(now)), eventcodec.New(v))
		return apptest.Opened{Store: store, Published: func() []event.Event {
			events, err := table.Events(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if err := v.Validate(e.Type, e.Data); err != nil {
					t.Error(err)
				}
			}
			return events
		}}
	})
}

// fixture is a store in a table of the test's own.
type fixture struct {
	*testing.T
	at    *dynamotest.Table
	store *dynamo.Store
	// fail has the next request of an operation fail before it is sent, if it names one.
	fail atomic.Value
}

var errBroken = errors.New("the connection broke")

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, at: dynamotest.New(t, testserver.Moto(t), template)}
	f.fail.Store("")
	f.use(f.at.Client(t, f.breaks), validator(t))
	return f
}

func (f *fixture) use(client *sdk.Client, v event.Validator) {
	f.store = dynamo.New(platform.New(client, f.at.Name, clock.NewManual(now)), eventcodec.New(v))
}

func (f *fixture) breaks(o *sdk.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("breaks", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			if name := middleware.GetOperationName(ctx); f.fail.CompareAndSwap(name, "") {
				return middleware.InitializeOutput{}, middleware.Metadata{}, errBroken
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
	})
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func origin() message.Origin {
	return message.Origin{EventID: id.New(), CorrelationID: id.New().String(), TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
}

// put has a performance become known.
func (f *fixture) put(by message.Origin, performanceID id.ID, notice *message.Notice) error {
	return f.store.PutPerformance(f.Context(), by, performanceID, func(*message.Performance) (message.Performance, *message.Notice, bool) {
		return message.Performance{
			ID: performanceID, Version: 1, ShowID: id.New(), Title: "Die Zauberflöte", VenueID: id.New(), StartsAt: now.AddDate(0, 4, 0), TimeZone: "Europe/Vienna",
			Areas: map[string]string{"stalls": "Parkett"}, Categories: map[string]string{"a": "Kategorie A"},
		}, notice, true
	})
}

func (f *fixture) known() id.ID {
	f.Helper()
	performanceID := id.New()
	f.ok(f.put(origin(), performanceID, nil))
	return performanceID
}

// confirmation is about an order of so many tickets, with codes as tickets have them.
func confirmation(performanceID id.ID, tickets int) message.Message {
	content := message.Content{OrderCode: "K7QF2M9D"}
	content.Amount.Amount, content.Amount.Currency = int64(8950*tickets), "EUR"
	for i := range tickets {
		ticket := message.Ticket{ID: id.New(), AreaID: "stalls", Seat: fmt.Sprintf("A-%d", i+1), PriceCategory: "a", Version: 1}
		ticket.Price.Amount, ticket.Price.Currency = 8950, "EUR"
		ticket.Code = "eyJhbGciOiJFZERTQSIsImtpZCI6IlprMGgyY1FlIn0." + random(62) + "." + random(86)
		content.Tickets = append(content.Tickets, ticket)
	}
	to := message.Recipient{CustomerID: id.New().String(), Email: "anna.anderson@example.com", Language: "de"}
	m := message.New(origin(), message.OrderConfirmed, to, performanceID, id.New(), content, now)
	m.Subject = "Ihre Tickets: Bestellung K7QF2M9D"
	return m
}

// random is text like base64's.
func random(n int) string {
	var b strings.Builder
	for b.Len() < n {
		v := id.New()
		for _, c := range v[8:] {
			b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[c&63])
		}
	}
	return b.String()[:n]
}

func (f *fixture) record(m message.Message) error {
	return f.store.Record(f.Context(), m.Origin, m.PerformanceID, m.OrderID, func(p *message.Purchase) []message.Message {
		p.Confirm(m.Recipient, m.Content.Tickets)
		return []message.Message{m}
	})
}

func (f *fixture) claims(want int) []message.Message {
	f.Helper()
	got, err := f.store.Claim(f.Context(), now, time.Minute, 1000)
	f.ok(err)
	if len(got) != want {
		f.Fatalf("%d messages are due, want %d", len(got), want)
	}
	return got
}

// TestSomebodyIsWokenForWhatIsNew looks for what the sender's mapping filters the stream by.
func TestSomebodyIsWokenForWhatIsNew(t *testing.T) {
	t.Parallel()
	f := open(t)
	steps := []struct {
		name string
		do   func()
		want int
	}{
		{"a performance", func() {}, 0},
		{"a message that waits", func() { f.ok(f.record(confirmation(id.New(), 1))) }, 0},
	}
	performanceID := f.known()
	waiting := confirmation(id.New(), 1)
	queued := confirmation(performanceID, 1)
	notice := message.Notice{Origin: origin(), Template: message.PerformanceCancelled, PerformanceID: performanceID}
	var claimed []message.Message
	steps = append(steps, []struct {
		name string
		do   func()
		want int
	}{
		{"another", func() { f.ok(f.record(waiting)) }, 0},
		{"its performance", func() { f.ok(f.put(origin(), waiting.PerformanceID, nil)) }, 1},
		{"a message that is queued", func() { f.ok(f.record(queued)) }, 1},
		{"messages of a notice", func() { f.ok(f.store.Add(t.Context(), []message.Message{confirmation(performanceID, 0), queued})) }, 1},
		{"a claim", func() { claimed = f.claims(3) }, 0},
		{"what is due later", func() { f.ok(f.store.Settle(t.Context(), []message.Message{claimed[0].Refused(errBroken, now)})) }, 0},
		{"what was sent", func() { f.ok(f.store.Settle(t.Context(), []message.Message{claimed[1].Delivered(now)})) }, 0},
		{"a notice", func() { f.ok(f.put(origin(), performanceID, &notice)) }, 1},
		{"a page of it", func() { f.ok(f.store.Advance(t.Context(), notice, nil, id.New(), false)) }, 0},
	}...)
	before := 0
	for _, step := range steps {
		step.do()
		records, err := f.at.Records(t.Context())
		f.ok(err)
		woken := 0
		for _, r := range records {
			if _, has := r.Dynamodb.NewImage["wake"]; has {
				woken++
			}
		}
		if woken-before != step.want {
			t.Errorf("%s: woken %d times, want %d", step.name, woken-before, step.want)
		}
		before = woken
	}
}

func TestAnInterruptedReleaseIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := confirmation(id.New(), 1)
	f.ok(f.record(m))
	by := origin()
	f.fail.Store("Query")
	if err := f.put(by, m.PerformanceID, nil); !errors.Is(err, errBroken) {
		t.Fatalf("error = %v", err)
	}
	f.claims(0)
	f.ok(f.put(by, m.PerformanceID, nil)) // delivered again
	f.claims(1)
}

// TestAMessageLooksForItsPerformanceAgain has the performance come between the look for it and the commit.
func TestAMessageLooksForItsPerformanceAgain(t *testing.T) {
	t.Parallel()
	for _, broken := range []bool{false, true} {
		t.Run(fmt.Sprintf("broken %t", broken), func(t *testing.T) {
			t.Parallel()
			f := open(t)
			m := confirmation(id.New(), 1)
			record := func() error {
				return f.store.Record(t.Context(), m.Origin, m.PerformanceID, m.OrderID, func(*message.Purchase) []message.Message {
					f.ok(f.put(origin(), m.PerformanceID, nil))
					if broken {
						f.fail.Store("Query") // of the release
					}
					return []message.Message{m}
				})
			}
			if err := record(); broken != errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			if broken {
				f.claims(0)
				f.ok(record()) // delivered again
			}
			f.claims(1)
		})
	}
}

func TestManyMessagesAreMoreThanOneUnitOfWork(t *testing.T) {
	t.Parallel()
	f := open(t)
	performanceID := id.New()
	const waiting, added = 60, 101
	for range waiting {
		f.ok(f.record(confirmation(performanceID, 1)))
	}
	notice := message.Notice{Origin: origin(), Template: message.PerformanceCancelled, PerformanceID: performanceID}
	f.ok(f.put(origin(), performanceID, &notice))
	var told []message.Message
	for range added {
		told = append(told, confirmation(performanceID, 0))
	}
	f.ok(f.store.Advance(t.Context(), notice, told, id.New(), false))
	f.claims(waiting + added)
}

type refusing struct{}

func (refusing) Validate(string, []byte) error { return errors.New("refused") }

func TestAnEventThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.use(f.at.Client(t), refusing{})
	m := confirmation(f.known(), 1)
	f.ok(f.record(m))
	if err := f.store.Settle(t.Context(), []message.Message{m.Delivered(now)}); err == nil {
		t.Error("settled with an event that was refused")
	}
	err := f.store.Return(t.Context(), m.ID, func(m message.Message) (message.Message, bool) { return m.Returned(message.Bounced, now) })
	if err == nil {
		t.Error("returned with an event that was refused")
	}
	f.claims(1)
	if events, err := f.at.Events(t.Context()); err != nil || len(events) != 0 {
		t.Errorf("published %v, %v", events, err)
	}
}

func TestATableThatIsMissingIsNotReady(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.ok(f.store.Ready(t.Context()))
	missing := dynamo.New(platform.New(f.at.Client(t), "missing", clock.NewManual(now)), eventcodec.New(validator(t)))
	if err := missing.Ready(t.Context()); err == nil {
		t.Error("a table that is missing is ready")
	}
}

// TestAMailCosts counts what a confirmed order costs until its mail is out. Its customer gets the first mail of the
// category, for which there are tokens to be made.
func TestAMailCosts(t *testing.T) {
	t.Parallel()
	f := open(t)
	client, meter := f.at.Metered(t)
	f.use(client, validator(t))
	performanceID := f.known()
	for _, tt := range []struct {
		tickets                     int
		record, claim, look, settle int // write units, with those of indexes
	}{
		{1, 8, 3, 4, 2},
		{4, 10, 4, 4, 3},
		{8, 10, 4, 4, 3},
	} {
		var got []int
		count := func(err error) {
			t.Helper()
			f.ok(err)
			counts := meter.Take()
			t.Logf("%d tickets: %s", tt.tickets, counts)
			got = append(got, counts.Total().Write)
		}
		meter.Take()
		m := confirmation(performanceID, tt.tickets)
		count(f.record(m))
		claimed, err := f.store.Claim(t.Context(), now, time.Minute, 64)
		count(err)
		_, err = f.store.Backgrounds(t.Context(), claimed)
		count(err)
		claimed[0].Subject = "Ihre Tickets für Die Zauberflöte (K7QF2M9D)"
		count(f.store.Settle(t.Context(), []message.Message{claimed[0].Delivered(now)}))
		if want := []int{tt.record, tt.claim, tt.look, tt.settle}; !slices.Equal(got, want) {
			t.Errorf("%d tickets: %v write units, want %v", tt.tickets, got, want)
		}
	}
}
