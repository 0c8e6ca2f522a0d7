package aws_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"os"
	"regexp"
	"strings"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/tools/internal/cloud"
)

const (
	scheduledExample   = "events/shows/examples/performance.scheduled.v1.small.json"
	rescheduledExample = "events/shows/examples/performance.rescheduled.v1.another-day.json"
	confirmedExample   = "events/tickets/examples/order.confirmed.v1.one-seat.json"
	exampleCustomer    = "c2d7c7e6-9d5a-4c0e-a6b1-3b8f6f0e4d11"
	exampleEmail       = "carla@example.com"
)

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// story is about a customer: examples of events in which everything is new, and the same
// thing has the same id in all of them.
type story struct {
	*attempt
	ids      map[string]string
	customer person
}

func (a *attempt) story() story {
	customer := a.signIn()
	return story{a, map[string]string{exampleCustomer: customer.ID}, customer}
}

// tell puts examples on the bus, as those services do.
func (s story) tell(examples ...string) {
	for _, file := range examples {
		text, err := contracts.Files.ReadFile(file)
		s.ok(err)
		own := anyID.ReplaceAllStringFunc(string(text), func(old string) string {
			if s.ids[old] == "" {
				s.ids[old] = id.New().String()
			}
			return s.ids[old]
		})
		s.publish([]byte(strings.ReplaceAll(own, exampleEmail, s.customer.Email)))
	}
}

// publish puts a CloudEvent on the bus.
func (a *attempt) publish(encoded []byte) {
	e, err := event.ParseCloudEvent(encoded)
	a.ok(err)
	got := a.operate("events", "AWSEvents.PutEvents", object{"Entries": []object{{
		"EventBusName": "ticketmesh-" + stage, "Source": strings.ReplaceAll(strings.Trim(e.Source, "/"), "/", "."), "DetailType": e.Type, "Detail": string(encoded),
	}}})
	if strings.Contains(string(got.body), "ErrorCode") {
		a.fail("the bus answers %v", got)
	}
}

// operate calls AWS as the operator.
func (a *attempt) operate(service, operation string, in object) answer {
	got := a.send("POST", a.Endpoint, nobody, in, "X-Amz-Target", operation, "Content-Type", "application/x-amz-json-1.0",
		"Authorization", "AWS4-HMAC-SHA256 Credential="+cloud.Operator+"/20260101/eu-central-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	if got.status != http.StatusOK {
		a.fail("%s answers %v", operation, got)
	}
	return got
}

// messages wants the customer's messages to be these, newest first: template and status.
func (s story) messages(want ...string) {
	var list struct {
		Items []struct{ Template, Status string }
	}
	s.call(http.StatusOK, "GET", "/notifications", s.customer, nil, &list)
	var got []string
	for _, m := range list.Items {
		got = append(got, m.Template+" "+m.Status)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		s.fail("messages are %q, want %q", got, want)
	}
}

// mailed is the last of so many mails to somebody.
func (a *attempt) mailed(to person, n int) letter {
	all := a.Mails(to.Email)
	if len(all) != n {
		a.fail("%d mails to %s went out, want %d", len(all), to.Email, n)
	}
	return a.read(all[n-1])
}

// letter is what a mail says.
type letter struct {
	from, id, subject, text, unsubscribe string
	attachments                          int
}

func (a *attempt) read(m cloud.Mail) letter {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	a.ok(err)
	var decoder mime.WordDecoder
	subject, err := decoder.DecodeHeader(parsed.Header.Get("Subject"))
	a.ok(err)
	whole, err := io.ReadAll(parsed.Body)
	a.ok(err)
	return letter{
		from: parsed.Header.Get("From"), id: anyID.FindString(parsed.Header.Get("X-Ticketmesh-Message-Id")), subject: subject,
		text: string(whole), unsubscribe: strings.Trim(parsed.Header.Get("List-Unsubscribe"), "<>"), attachments: strings.Count(string(whole), "Content-Disposition: attachment"),
	}
}

// mails has a customer of whom events tell get mails, turn some of them down, and be told
// nothing more when the address bounces.
func mails(a *attempt) {
	s := a.story()
	s.tell(confirmedExample)
	a.settle()
	s.messages("order-confirmed waiting")
	before := a.Archived(notificationsevents.TypeMessageSent)
	s.tell(scheduledExample)
	a.settle()
	s.messages("order-confirmed sent")
	if n := a.Archived(notificationsevents.TypeMessageSent) - before; n != 1 {
		a.fail("%d messages are told to be sent", n)
	}
	first := a.mailed(s.customer, 1)
	if !strings.Contains(first.from, "<tickets@dev.example.com>") || first.attachments != 1 {
		a.fail("the mail %q is from %s, with %d attachments", first.subject, first.from, first.attachments)
	}
	s.tell(rescheduledExample)
	a.settle()
	s.messages("performance-rescheduled sent", "order-confirmed sent")

	where, ok := strings.CutPrefix(a.mailed(s.customer, 2).unsubscribe, "https://tickets.dev.example.com/notifications/")
	if !ok {
		a.fail("the mail is unsubscribed from at %q", where)
	}
	a.call(http.StatusOK, "GET", "/notifications/"+where, nobody, nil, nil)
	a.call(http.StatusOK, "POST", "/notifications/"+where, nobody, []byte("List-Unsubscribe=One-Click"), nil, "Content-Type", "application/x-www-form-urlencoded")
	var wanted struct{ Changes bool }
	a.call(http.StatusOK, "GET", "/notifications/preferences", s.customer, nil, &wanted)
	if wanted.Changes {
		a.fail("the customer still wants changes")
	}
}

// bounce has SES tell that a mail was returned: it says so to the account's own bus.
func bounce(a *attempt) {
	s := a.story()
	s.tell(scheduledExample, confirmedExample)
	a.settle()
	sent := a.mailed(s.customer, 1)
	text, err := os.ReadFile(root + "/services/notifications/internal/ses/testdata/bounce-permanent.json")
	a.ok(err)
	var told struct {
		Source string
		Type   string `json:"detail-type"`
		Detail json.RawMessage
	}
	a.ok(json.Unmarshal(text, &told))
	own := strings.NewReplacer("0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b", sent.id, "anna@example.com", s.customer.Email).Replace(string(told.Detail))
	a.ok(a.Tell(a.ctx, told.Source, told.Type, []byte(own)))
	a.settle()
	s.messages("order-confirmed failed")
}
