package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const (
	slowClients = 8
	drainBuyers = 32
)

// slowHold is a hold whose request the mesh has begun to read and not ended.
type slowHold struct {
	connection net.Conn
	answers    *bufio.Reader
	body       string
}

// beginHold sends a request up to its body and waits until the mesh asks for
// that: then a handler is at work on it.
func beginHold(t testing.TB, url, token string, body []byte) *slowHold {
	t.Helper()
	address := strings.TrimPrefix(url, "http://")
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	fmt.Fprintf(connection, "POST /tickets/holds HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		address, token, len(body))
	s := &slowHold{connection: connection, answers: bufio.NewReader(connection), body: string(body)}
	line, err := s.answers.ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the mesh said %q, %v", line, err)
	}
	if _, err := s.answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *slowHold) finish(t testing.TB) hold {
	t.Helper()
	if _, err := io.WriteString(s.connection, s.body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(s.answers, nil)
	if err != nil {
		t.Fatalf("a request in flight got no answer: %v", err)
	}
	defer response.Body.Close()
	var got hold
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("a request in flight got %s: %v", response.Status, err)
	}
	return got
}

// TestSIGTERMDrains stops a mesh that sells: what it has begun it ends, and then
// it ends well itself.
func TestSIGTERMDrains(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := s.client()
	h := c.openHouse(t, "Drain", rows(60, 50, 0), nil)
	_, slowToken := c.customer(t)
	slow := make([]*slowHold, slowClients)
	for i := range slow {
		body, err := json.Marshal(holdBody(h.performanceID, place{"hall", fmt.Sprintf("1-%d", i+1)}))
		if err != nil {
			t.Fatal(err)
		}
		slow[i] = beginHold(t, c.url, slowToken, body)
	}
	stream := openStream(t, c)

	sellers := make([]*seller, drainBuyers)
	count := &crowd{}
	var group sync.WaitGroup
	for i := range sellers {
		_, token := c.customer(t)
		sellers[i] = &seller{t: t, token: token, house: h, crowd: count, places: ownPlaces(i, drainBuyers)}
	}
	for _, seller := range sellers {
		group.Go(func() { seller.sell(t.Context(), c) })
	}
	until(t, "all sell", func() bool { return count.confirmed.Load() >= drainBuyers && count.inFlight.Load() >= drainBuyers/2 })

	unused, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://")) // as browsers do in advance
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	newClient(c.url).get(t, "", "/healthz", nil) // connections are taken in their order
	mesh := s.mesh
	s.mesh = nil
	stopped := make(chan error, 1)
	go func() { stopped <- mesh.Stop() }()
	until(t, "no new connection is taken", func() bool {
		connection, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	held := make([]hold, len(slow))
	for i, request := range slow {
		held[i] = request.finish(t)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the mesh ended with %v\n%s", err, s.log.String())
	}
	group.Wait()
	if err := stream.ends(); err != nil {
		t.Errorf("the event stream: %v", err)
	}
	// Stores that were closed have taken their write-ahead logs in.
	if left, err := filepath.Glob(filepath.Join(s.data, "*-wal")); err != nil || len(left) > 0 {
		t.Errorf("not closed: %v, %v", left, err)
	}

	s.start()
	c = s.client()
	for i, want := range held {
		var got hold
		if c.get(t, slowToken, "/tickets/holds/"+want.HoldID, &got); got != want {
			t.Errorf("slow hold %d is %+v, want %+v", i, got, want)
		}
	}
	for _, seller := range sellers {
		if seller.pending != nil && !seller.advance(t.Context(), c, seller.pending) {
			t.Fatal("the mesh died by itself")
		}
	}
	drained(t, s)
	orders := map[string]order{}
	for _, o := range c.orders(t, h) {
		orders[o.OrderID] = o
	}
	auditAnswers(t, c, orders, sellers)
	auditMails(t, c, sellers, len(orders))
	t.Logf("%d confirmed sales, %d requests not answered", count.confirmed.Load(), count.cuts.Load())
}

// ownPlaces are seats that only one of n sellers asks for, and not the first row.
func ownPlaces(i, n int) func() []place {
	next := i
	return func() []place {
		p := place{"hall", fmt.Sprintf("%d-%d", 2+next/50%59, 1+next%50)}
		next += n
		return []place{p}
	}
}

// eventStream is an open GET /dev/events.
type eventStream struct{ ended chan error }

func openStream(t testing.TB, c *client) *eventStream {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/dev/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	s := &eventStream{make(chan error, 1)}
	go func() {
		_, err := io.Copy(io.Discard, response.Body)
		s.ended <- err
	}()
	return s
}

// ends returns how the stream ended: nil when it was told that it is over.
func (s *eventStream) ends() error { return <-s.ended }

// TestSIGTERMAtAnyTimeOfTheStart stops meshes that are not ready yet. Started
// again they must be whole.
func TestSIGTERMAtAnyTimeOfTheStart(t *testing.T) {
	t.Parallel()
	for _, moment := range []struct{ name, file, path, wanted string }{
		{name: "the folder is locked", file: "lock"},
		{name: "the bus is opened", file: "bus.db"},
		{name: "the last store is opened", file: "notifications.db"},
		{name: "it serves", path: "/healthz", wanted: "ok"},
		{name: "the first shows are there", path: "/shows", wanted: "Nordlicht"},
	} {
		t.Run(moment.name, func(t *testing.T) {
			t.Parallel()
			s := &server{t: t, data: filepath.Join(t.TempDir(), "data")}
			address := freeAddress(t)
			s.args = []string{"--demo", "--addr", address}
			c := newClient("http://" + address)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			command := exec.CommandContext(ctx, binary, append([]string{"up", "--data", s.data}, s.args...)...)
			command.Stdout, command.Stderr = &s.log, &s.log
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			until(t, moment.name, func() bool {
				if moment.file != "" {
					_, err := os.Stat(filepath.Join(s.data, moment.file))
					return err == nil
				}
				got, err := c.try(t.Context(), call{method: "GET", path: moment.path})
				return err == nil && got.status == http.StatusOK && strings.Contains(string(got.body), moment.wanted)
			})
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			if err := command.Wait(); err != nil {
				t.Errorf("%v\n%s", err, s.log.String())
			}
			s.start()
			seasonIsWhole(t, c)
			drained(t, s)
			if err := s.mesh.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func seasonIsWhole(t *testing.T, c *client) {
	t.Helper()
	var shows struct{ Items []struct{ Title string } }
	c.get(t, "", "/shows?limit=100", &shows)
	titles := map[string]int{}
	for _, show := range shows.Items {
		titles[show.Title]++
	}
	var venues struct{ Items []struct{ Name string } }
	c.get(t, "", "/info/venues", &venues)
	if len(shows.Items) != 13 || len(titles) != len(shows.Items) || len(venues.Items) != 9 {
		t.Errorf("the season is %v in %d venues", titles, len(venues.Items))
	}
}
