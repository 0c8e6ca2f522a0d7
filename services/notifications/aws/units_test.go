package aws_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/platform/usage/usagetest"
	"ticketmesh.dev/services/notifications/aws/api"
	"ticketmesh.dev/services/notifications/aws/consumer"
	"ticketmesh.dev/services/notifications/aws/relay"
	"ticketmesh.dev/services/notifications/aws/sender"
)

// repetitions are how often a use case is measured.
const repetitions = 3

// measured are the functions, opened once as a process of Lambda does.
type measured struct {
	*cloud
	meter   *usagetest.Meter
	consume func(queue string, body []byte)
	publish func(events.DynamoDBEvent)
	send    func()
	sender  func() (send func()) // another process, that has not counted dead letters within the minute
	list    func(customer string)
}

func measure(t *testing.T) measured {
	t.Helper()
	c := newCloud(t)
	m := measured{cloud: c, meter: usagetest.New(t, testserver.Moto(t), c.table.Meter())}
	c.variables["AWS_ENDPOINT_URL"], c.variables["AWS_ENDPOINT_URL_SESV2"] = m.meter.URL(), m.meter.URL()
	c.variables["TICKETMESH_MAIL_RATE"] = "10000" // what is waited for costs as well, but is no work
	rt := lambda.Runtime{
		Getenv:  c.getenv,
		Logger:  slog.New(slog.NewJSONHandler(m.meter.Log(), nil)),
		Metrics: metrics.New(m.meter.Log(), clock.System{}, c.stage),
	}
	consume, err := consumer.Open(t.Context(), rt)
	c.ok(err)
	m.consume = func(queue string, body []byte) {
		m.meter.Invoke("consumer", func() []byte {
			response, err := consume(c.within(30*time.Second), c.records(queue, string(body)))
			if err != nil || len(response.BatchItemFailures) != 0 {
				t.Fatal(response, err)
			}
			return nil
		})
	}
	publish, err := relay.Open(t.Context(), rt)
	c.ok(err)
	m.publish = func(e events.DynamoDBEvent) {
		m.meter.Invoke("relay", func() []byte {
			response, err := publish(c.within(30*time.Second), e)
			if err != nil || len(response.BatchItemFailures) != 0 {
				t.Fatal(response, err)
			}
			return nil
		})
	}
	for _, name := range []string{"catalog", "orders", "feedback"} {
		awstest.NewQueue(t, c.config, c.queueName("notifications-"+name)+"-dlq", nil)
	}
	m.sender = func() func() {
		send, err := sender.Open(t.Context(), rt)
		c.ok(err)
		return func() {
			m.meter.Invoke("sender", func() []byte {
				_, err := send(c.within(time.Minute), sender.Nothing{})
				c.ok(err)
				return nil
			})
		}
	}
	m.send = m.sender()
	handler, err := api.Open(t.Context(), rt)
	c.ok(err)
	m.list = func(customer string) {
		r := httptest.NewRequestWithContext(c.within(10*time.Second), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+c.token(customer))
		m.meter.Invoke("api", func() []byte {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Fatal(w.Code, w.Body)
			}
			return w.Body.Bytes()
		})
	}
	return m
}

// flow is what the table's stream brings about.
func (m measured) flow() {
	m.Helper()
	for {
		batch, woken := m.stream()
		if len(batch.Records) == 0 {
			return
		}
		m.publish(batch)
		if woken > 0 {
			m.send()
		}
	}
}

// order is the example of a confirmed order as one of so many tickets, the nth of a customer of its own.
func (m measured) order(n, tickets int) []byte {
	m.Helper()
	var e map[string]any
	source, err := contracts.Files.ReadFile("events/" + orderConfirmed)
	m.ok(err)
	m.ok(json.Unmarshal(source, &e))
	data := e["data"].(map[string]any)
	name := func(kind int) string { return fmt.Sprintf("01a40088-5900-7b12-8%03d-%04d%08d", kind, tickets, n) }
	e["id"], e["subject"], data["orderId"] = name(900), name(901), name(901)
	recipient := data["recipient"].(map[string]any)
	recipient["customerId"], recipient["email"] = name(902), fmt.Sprintf("carla.%04d@example.com", n)
	template := data["tickets"].([]any)[0].(map[string]any)
	var all []map[string]any
	for i := range tickets {
		ticket := maps.Clone(template)
		ticket["ticketId"], ticket["seat"] = name(i), fmt.Sprintf("B-%d", 12-i)
		// No two are alike, which matters to what is compressed.
		payload, signature := sha256.Sum256([]byte(name(i))), sha512.Sum512([]byte(name(i)))
		ticket["code"] = "eyJhbGciOiJFZERTQSIsImtpZCI6IlprMGgyY1FlIn0.eyJ0Ijoi" + base64.RawURLEncoding.EncodeToString(payload[:16]) +
			"IsInAiOiJBWkMxb2dBQ2ZVLUtHd0FBQUFBQUFRIiwibiI6MX0." + base64.RawURLEncoding.EncodeToString(signature[:])
		all = append(all, ticket)
	}
	data["tickets"] = all
	detail, err := json.Marshal(e)
	m.ok(err)
	body, err := json.Marshal(map[string]any{"version": "0", "detail-type": e["type"], "source": "ticketmesh.tickets", "detail": json.RawMessage(detail)})
	m.ok(err)
	return body
}

// TestTheFileOfUnitsSaysWhatUseCasesCost is what the cost of a sale is computed from.
func TestTheFileOfUnitsSaysWhatUseCasesCost(t *testing.T) {
	t.Parallel()
	m := measure(t)
	cases := map[string][]usage.Case{}
	took := func(name string) { cases[name] = append(cases[name], m.meter.Take()) }

	m.consume("notifications-catalog", []byte(m.example("shows/examples/performance.scheduled.v1.real-hall.json")))
	m.flow()
	took("performance announced")
	m.consume("notifications-catalog", []byte(m.example(performanceScheduled)))
	m.flow()
	m.send()
	m.meter.Take()
	for n := range repetitions {
		for _, tickets := range []int{2, 4} {
			m.consume("notifications-orders", m.order(n, tickets))
			m.flow()
			took(fmt.Sprintf("order confirmed, %d tickets", tickets))
		}
		idle := m.sender()
		m.meter.Take()
		idle()
		took("nothing due")
		m.list(fmt.Sprintf("01a40088-5900-7b12-8902-0004%08d", n))
		took("messages listed")
	}
	usagetest.Hold(t, "../docs/units.json", cases)
}
