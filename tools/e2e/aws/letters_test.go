package aws_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/tools/internal/cloud"
)

const orders = "notifications-orders"

// dead is a dead letter as the command shows it.
type dead struct {
	ID, Consumer, Reason string
	Receives             int
}

// letters are a consumer's dead letters.
func (a *attempt) letters(consumer string) (found []dead) {
	for line := range strings.Lines(a.command("", "dlq", "show", consumer, "--json")) {
		var d dead
		a.ok(json.Unmarshal([]byte(line), &d))
		found = append(found, d)
	}
	return found
}

// troubled has an event that cannot be handled go to the dead letters with the reason,
// after eight tries; once the trouble is over it is brought back, and handled.
func troubled(a *attempt) {
	s := a.story()
	s.tell(scheduledExample)
	a.settle()
	a.without(cloud.Part{Kind: cloud.Permission, Name: "notifications-ConsumerRole dynamodb:PutItem"}, func() {
		s.tell(confirmedExample)
		a.ok(a.Endure(a.ctx))
	})
	all := a.letters(orders)
	if len(all) != 1 || all[0].Consumer != orders || all[0].Receives != 8 || !strings.Contains(all[0].Reason, "AccessDenied") {
		a.fail("dead letters are %+v", all)
	}
	if got := a.command("", "dlq", "ls", "--json"); !strings.Contains(got, `{"consumer":"notifications-orders","dead":1,"inFlight":0,"waiting":0}`) {
		a.fail("the queues are %s", got)
	}
	if got := a.command("", "dlq", "redrive", orders, all[0].ID, "--json"); got != `{"consumer":"notifications-orders","redriven":1}`+"\n" {
		a.fail("redriven: %s", got)
	}
	a.settle()
	s.messages("order-confirmed sent")
	if all := a.letters(orders); len(all) != 0 {
		a.fail("dead letters are left: %+v", all)
	}
}

// poisoned has an event that nobody can read end in the dead letters at once, and hold up
// no other.
func poisoned(a *attempt) {
	s := a.story()
	s.tell(scheduledExample)
	poison := id.New().String()
	// The command would not publish it: it does not keep to its schema.
	a.publish([]byte(`{"specversion":"1.0","id":"` + poison + `","source":"/ticketmesh/tickets","type":"ticketmesh.tickets.order.confirmed.v1","subject":"x",
		"time":"2027-03-01T10:00:00.000Z","datacontenttype":"application/json","correlationid":"x","data":{"orderId":"no id"}}`))
	s.tell(confirmedExample)
	a.settle()
	s.messages("order-confirmed sent")
	all := a.letters(orders)
	if len(all) != 1 || all[0].ID != poison || all[0].Receives != 1 || all[0].Reason == "" {
		a.fail("dead letters are %+v", all)
	}
	a.ok(a.Reset(a.ctx))
}

// unrelayed has a record of a table that no relay can read end in the relay's dead
// letters. What was committed beside it is published.
func unrelayed(a *attempt) {
	s := a.story()
	for i, service := range []string{"notifications", "shows", "tickets"} {
		a.operate("dynamodb", "DynamoDB_20120810.PutItem", object{"TableName": "ticketmesh-" + stage + "-" + service, "Item": object{
			"pk": object{"S": "poison"}, "sk": object{"S": fmt.Sprint(i)}, "outbox": object{"B": "AAAA"},
		}})
	}
	before := a.Archived(notificationsevents.TypeMessageSent)
	s.tell(scheduledExample, confirmedExample)
	a.ok(a.Endure(a.ctx))
	_ = a.Problems()
	if n := a.Archived(notificationsevents.TypeMessageSent) - before; n != 1 {
		a.fail("%d messages are told to be sent", n)
	}
	for _, service := range []string{"notifications", "shows", "tickets"} {
		name := "ticketmesh-" + stage + "-" + service + "-relay-dlq"
		letters, err := a.Take(a.ctx, name)
		a.ok(err)
		if len(letters) != 1 || !strings.Contains(letters[0], `"batchSize":1`) {
			a.fail("the dead letters of %s are %q", name, letters)
		}
	}
}
