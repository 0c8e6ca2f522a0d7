package aws_test

import (
	"net/http"
	"strings"

	"ticketmesh.dev/tools/internal/cloud"
)

// without does something while a part is away; what happens because of that is as it
// should be.
func (a *attempt) without(p cloud.Part, do func()) {
	a.well()
	a.ok(a.Remove(p))
	defer func() { a.ok(a.Restore(p)) }()
	do()
	_ = a.Problems()
}

// sweep has the schedule publish what could not be published at once.
func sweep(a *attempt) {
	organizer := a.signIn("organizer")
	a.without(cloud.Part{Kind: cloud.Permission, Name: "info-ApiRole events:PutEvents"}, func() { a.venue(organizer) })
	const catalog = "ticketmesh-" + stage + "-notifications-catalog"
	before := a.Delivered(catalog)
	a.ok(a.Tick(a.ctx, "ticketmesh-"+stage+"-info-relay"))
	a.settle()
	if a.Delivered(catalog) != before+1 {
		a.fail("the venue is not on the bus")
	}
}

// swept has the schedules do what there is to do, which is nothing.
func swept(a *attempt) {
	for _, service := range []string{"shows", "tickets"} {
		a.ok(a.Tick(a.ctx, "ticketmesh-"+stage+"-"+service+"-jobs"))
	}
	a.settle()
}

// failing has passes of the schedules fail, so that somebody is told by the dead letters
// after the second time.
func failing(a *attempt) {
	for service, need := range map[string]string{
		"info-relay": "info-RelayRole secretsmanager:GetSecretValue", "notifications-sender": "notifications-SenderRole dynamodb:Query",
		"shows-jobs": "shows-JobsRole dynamodb:Query", "tickets-jobs": "tickets-JobsRole dynamodb:Query",
	} {
		name := "ticketmesh-" + stage + "-" + service
		a.without(cloud.Part{Kind: cloud.Permission, Name: need}, func() { a.ok(a.Tick(a.ctx, name)) })
		letters, err := a.Take(a.ctx, name+"-dlq")
		a.ok(err)
		if len(letters) != 1 || !strings.Contains(letters[0], `"approximateInvokeCount":2`) {
			a.fail("the dead letters of %s are %q", name, letters)
		}
	}
}

// uninvoked has schedules that may not invoke their function, so that somebody is told by
// the dead letters.
func uninvoked(a *attempt) {
	for service, role := range map[string]string{
		"info-relay": "info-RelayTimerRole", "notifications-sender": "notifications-SenderTimerRole",
		"shows-jobs": "shows-JobsTimerRole", "tickets-jobs": "tickets-JobsTimerRole",
	} {
		name := "ticketmesh-" + stage + "-" + service
		a.without(cloud.Part{Kind: cloud.Permission, Name: role + " lambda:InvokeFunction"}, func() { a.ok(a.Tick(a.ctx, name)) })
		letters, err := a.Take(a.ctx, name+"-dlq")
		a.ok(err)
		if len(letters) != 1 || letters[0] != "{}" {
			a.fail("the dead letters of %s are %q", name, letters)
		}
	}
}

// operated has an operator run a job now, by their identity and a key.
func operated(service, job string) scenario {
	return scenario{"an operator runs " + job, func(a *attempt) {
		path := "/" + service + "/admin/jobs/" + job
		identity := "AWS4-HMAC-SHA256 Credential=" + cloud.Operator + "/20260101/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature=0"
		a.call(http.StatusNotFound, "POST", path, nobody, nil, nil)
		a.call(http.StatusForbidden, "POST", path, nobody, nil, nil, "Authorization", identity)
		a.call(http.StatusAccepted, "POST", path, nobody, nil, nil, "Authorization", identity, "X-Api-Key", a.APIKey(service))
		a.took(service + " POST /admin/jobs/{job}")
		a.settle()
	}}
}

// late has the schedule send what nobody was woken for.
func late(a *attempt) {
	s := a.story()
	s.tell(scheduledExample, confirmedExample)
	a.without(cloud.Part{Kind: cloud.Mapping, Name: "ticketmesh-dev-notifications-sender <- ticketmesh-dev-notifications"}, func() { a.ok(a.Endure(a.ctx)) })
	s.messages("order-confirmed queued")
	a.ok(a.Tick(a.ctx, "ticketmesh-"+stage+"-notifications-sender"))
	s.messages("order-confirmed sent")
	a.settle()
	a.call(http.StatusOK, "GET", "/notifications/healthz", nobody, nil, nil)
}
