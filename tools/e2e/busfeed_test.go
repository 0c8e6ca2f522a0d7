package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"ticketmesh.dev/tools/internal/demo"
)

const confirmed = "ticketmesh.tickets.order.confirmed.v1"

// subscriber is a consumer outside of the mesh's process.
type subscriber struct {
	t     testing.TB
	c     *client
	token string
	name  string
}

// subscribe makes an account and a subscription of a running mesh.
func (s *server) subscribe(name string, types ...string) *subscriber {
	s.t.Helper()
	const email = "outside@example.org"
	meshOK(s.t, password+"\n", "users", "add", email, "--data", s.data, "--group", "subscriber")
	c := s.client()
	sub := &subscriber{t: s.t, c: c, token: c.signIn(s.t, email, password).Access, name: name}
	c.want(s.t, http.StatusCreated, call{method: "PUT", path: "/bus/subscriptions/" + name, token: sub.token, body: map[string]any{"types": types}}, nil)
	return sub
}

type delivery struct {
	LockToken     string
	DeliveryCount int
	Event         struct {
		ID, Type string
		Data     struct {
			OrderID   string
			Recipient struct{ Email string }
		}
	}
}

func (s *subscriber) post(what string, body any, into any) {
	s.t.Helper()
	s.c.want(s.t, http.StatusOK, call{method: "POST", path: "/bus/subscriptions/" + s.name + "/" + what, token: s.token, body: body}, into)
}

// receive waits for events.
func (s *subscriber) receive() []delivery {
	s.t.Helper()
	var got struct{ Items []delivery }
	s.post("receive", map[string]int{"maxEvents": 100, "maxWaitSeconds": 10, "lockSeconds": 300}, &got)
	return got.Items
}

// acknowledge returns how many of the events are done with.
func (s *subscriber) acknowledge(deliveries []delivery) int {
	s.t.Helper()
	var got struct {
		Succeeded []string
		Failed    []struct{ LockToken, Code string }
	}
	s.post("acknowledge", map[string]any{"lockTokens": locks(deliveries)}, &got)
	for _, f := range got.Failed {
		if f.Code != "lock_lost" {
			s.t.Errorf("not acknowledged: %+v", f)
		}
	}
	return len(got.Succeeded)
}

func locks(deliveries []delivery) []string {
	tokens := make([]string, len(deliveries))
	for i, d := range deliveries {
		tokens[i] = d.LockToken
	}
	return tokens
}

func TestAConsumerOutsideGetsEverySale(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sub := s.subscribe("box-office", confirmed)
	h := s.client().openHouse(t, "Outside", rows(2, 20, 0), nil)
	email, buyer := s.client().customer(t)
	want := []string{}
	sell := func() {
		bought := s.client().buy(t, buyer, h.performanceID, place{"hall", fmt.Sprintf("1-%d", len(want)+1)})
		want = append(want, bought.OrderID)
	}
	seen := map[string]int{}
	note := func(deliveries []delivery) []delivery {
		for _, d := range deliveries {
			seen[d.Event.Data.OrderID]++
			if d.Event.Type != confirmed || d.Event.Data.Recipient.Email != email {
				t.Errorf("not whole: %+v", d)
			}
		}
		return deliveries
	}
	sell()
	first := note(sub.receive())
	if len(first) != 1 || sub.acknowledge(first) != 1 {
		t.Fatalf("received %+v", first)
	}

	// A death of the mesh: what was locked comes again, what was acknowledged not.
	sell()
	locked := note(sub.receive())
	if len(locked) != 1 {
		t.Fatalf("received %+v", locked)
	}
	s.kill()
	s.start()
	if n := sub.acknowledge(locked); n != 0 {
		t.Errorf("%d locks survived the mesh's death", n)
	}
	again := note(sub.receive())
	if len(again) != 1 || again[0].DeliveryCount != 2 || sub.acknowledge(again) != 1 {
		t.Errorf("after the mesh's death came %+v", again)
	}

	// The consumer is down for a while.
	for range 5 {
		sell()
	}
	s.restart()
	for len(seen) < len(want) {
		sub.acknowledge(note(sub.receive()))
	}
	for i, id := range want {
		if n := seen[id]; n != 1 && (n != 2 || i != 1) {
			t.Errorf("sale %d was received %d times", i, n)
		}
	}

	// What it cannot handle is for the operator to see and to send again.
	sell()
	poison := sub.receive()
	sub.post("reject", map[string]any{"lockTokens": locks(poison), "reason": "unknown hall"}, nil)
	type letter struct{ ID, Reason, Type string }
	if shown := objects[letter](t, meshOK(t, "", "dlq", "show", sub.name, "--json", "--data", s.data)); len(shown) != 1 || shown[0] != (letter{poison[0].Event.ID, "unknown hall", confirmed}) {
		t.Errorf("the dead letters are %+v", shown)
	}
	if doctor := meshCommand(t, "", "doctor", "--data", s.data); doctor.code != 1 || !strings.Contains(doctor.stdout, "FAIL subscription box-office") {
		t.Errorf("doctor says %s", doctor.stdout)
	}
	meshOK(t, "", "dlq", "redrive", sub.name, "--data", s.data)
	if redriven := sub.receive(); len(redriven) != 1 || redriven[0].Event.ID != poison[0].Event.ID || sub.acknowledge(redriven) != 1 {
		t.Errorf("redriven %+v", redriven)
	}
	meshOK(t, "", "events", "replay", "--consumer", sub.name, "--from", "2020-01-01T00:00:00Z", "--data", s.data)
	replayed := sub.receive()
	if len(replayed) != len(want) || sub.acknowledge(replayed) != len(want) {
		t.Errorf("%d of %d sales were replayed", len(replayed), len(want))
	}
	for _, row := range objects[struct {
		Consumer                string
		Waiting, InFlight, Dead int
	}](t, meshOK(t, "", "dlq", "ls", "--json", "--data", s.data)) {
		if row.Consumer == sub.name && row.Waiting+row.InFlight+row.Dead > 0 {
			t.Errorf("in the end the subscription is %+v", row)
		}
	}
}

// TestWaitingReceiversDoNotKeepTheMesh: SIGTERM answers them at once.
func TestWaitingReceiversDoNotKeepTheMesh(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sub := s.subscribe("idle", confirmed)
	var waiting sync.WaitGroup
	sent := make(chan struct{}, 8)
	for range cap(sent) {
		waiting.Go(func() {
			sent <- struct{}{}
			got, err := sub.c.try(t.Context(), call{method: "POST", path: "/bus/subscriptions/idle/receive", token: sub.token, body: map[string]int{"maxWaitSeconds": 30}})
			if err != nil {
				return // it came too late to be taken
			}
			var items struct{ Items *[]json.RawMessage }
			if got.decode(t, &items); got.status != http.StatusOK || items.Items == nil || len(*items.Items) > 0 {
				t.Errorf("got %v", got)
			}
		})
	}
	for range cap(sent) {
		<-sent
	}
	mesh := s.mesh
	s.mesh = nil
	if err := mesh.Stop(); err != nil {
		t.Errorf("stop: %v\n%s", err, s.log.String())
	}
	waiting.Wait()
	if strings.Contains(s.log.String(), "requests in flight") {
		t.Errorf("they were cut off:\n%s", s.log.String())
	}
}

// TestTheDemoHasASubscriber who may subscribe and nothing else.
func TestTheDemoHasASubscriber(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	token := c.signIn(t, demo.Subscriber, demo.Password).Access
	put := call{method: "PUT", path: "/bus/subscriptions/of-the-demo", token: token, body: map[string]any{"types": []string{confirmed}}}
	c.want(t, http.StatusCreated, put, nil)
	c.want(t, http.StatusOK, put, nil)
	put.path = "/bus/subscriptions/tickets-performances"
	refused(t, c.do(t, put), http.StatusConflict, "subscription_reserved")
	refused(t, c.do(t, call{method: "POST", path: "/shows", token: token, body: validBodies["createShow"]}), http.StatusForbidden, "forbidden")
	refused(t, c.do(t, call{method: "POST", path: "/tickets/checkins", token: token, body: validBodies["checkIn"]}), http.StatusForbidden, "forbidden")
	var list struct{ Items []struct{ Name string } }
	c.get(t, token, "/bus/subscriptions", &list)
	if !slices.Contains(list.Items, struct{ Name string }{"of-the-demo"}) {
		t.Errorf("the subscriptions are %+v", list)
	}
	c.want(t, http.StatusNoContent, call{method: "DELETE", path: "/bus/subscriptions/of-the-demo", token: token}, nil)
}
