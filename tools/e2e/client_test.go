package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/tools/internal/demo"
)

const (
	password = "correct horse battery"
	paysOK   = "tok_ok"
)

// client calls a mesh.
type client struct {
	url  string
	http *http.Client
}

func newClient(base string) *client {
	return &client{url: base, http: &http.Client{
		Timeout:       patience,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call is a request.
type call struct {
	method, path string
	token        string // of the bearer; none when empty
	body         any    // []byte and string as they are, everything else as JSON
	header       map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// decode reads a JSON answer.
func (a answer) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%v: %v", a, err)
	}
}

// code is the code of a problem.
func (a answer) code() string {
	var problem struct{ Code string }
	if json.Unmarshal(a.body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// try sends the call; its error says that no whole answer came.
func (c *client) try(ctx context.Context, q call) (answer, error) {
	var body io.Reader
	switch b := q.body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	case string:
		body = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, q.method, c.url+q.path, body)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if q.token != "" {
		request.Header.Set("Authorization", "Bearer "+q.token)
	}
	for name, value := range q.header {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

func (c *client) do(t testing.TB, q call) answer {
	t.Helper()
	got, err := c.try(t.Context(), q)
	if err != nil {
		t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	return got
}

// want sends the call and fails on another status; into, if not nil, gets the answer.
func (c *client) want(t testing.TB, status int, q call, into any) answer {
	t.Helper()
	got := c.do(t, q)
	if got.status != status {
		t.Fatalf("%s %s: got %v, want %d", q.method, q.path, got, status)
	}
	if into != nil {
		got.decode(t, into)
	}
	return got
}

func (c *client) get(t testing.TB, token, path string, into any) {
	t.Helper()
	c.want(t, http.StatusOK, call{method: "GET", path: path, token: token}, into)
}

type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
}

func (c *client) signIn(t testing.TB, email, password string) tokens {
	t.Helper()
	var got tokens
	c.want(t, http.StatusOK, call{method: "POST", path: "/auth/token", body: map[string]string{"email": email, "password": password}}, &got)
	return got
}

var customers atomic.Int64

// customer signs somebody new up.
func (c *client) customer(t testing.TB) (email, token string) {
	t.Helper()
	email = fmt.Sprintf("customer-%d@example.org", customers.Add(1))
	c.want(t, http.StatusCreated, call{method: "POST", path: "/auth/signup", body: map[string]string{"email": email, "password": password}}, nil)
	return email, c.signIn(t, email, password).Access
}

// addOrganizer makes the account of a mesh that runs or not.
func addOrganizer(t testing.TB, data string) {
	t.Helper()
	command := exec.Command(binary, "users", "add", demo.Organizer, "--group", "organizer", "--data", data)
	command.Stdin = strings.NewReader(demo.Password + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("users add: %v\n%s", err, output)
	}
}

// house is a performance that the organizer made.
type house struct {
	showID, performanceID string
	organizer             string // token
}

// place is one seat, or one place of a general area when seat is empty.
type place struct{ area, seat string }

// openHouse makes and publishes a show with one performance and waits until it
// is on sale.
func (c *client) openHouse(t testing.TB, title string, seatMap any, more map[string]any) house {
	t.Helper()
	h := house{organizer: c.signIn(t, demo.Organizer, demo.Password).Access}
	var show struct{ ShowID string }
	c.want(t, http.StatusCreated, call{
		method: "POST", path: "/shows", token: h.organizer, body: map[string]any{"title": title, "description": "Of a test", "category": "concert"},
	}, &show)
	h.showID = show.ShowID
	plan := map[string]any{
		"startsAt": time.Now().AddDate(0, 2, 0).Format(time.DateOnly) + "T20:00", "timeZone": "Europe/Vienna", "seatMap": seatMap,
	}
	for name, value := range more {
		plan[name] = value
	}
	var performance struct{ PerformanceID string }
	c.want(t, http.StatusCreated, call{method: "POST", path: "/shows/" + h.showID + "/performances", token: h.organizer, body: plan}, &performance)
	h.performanceID = performance.PerformanceID
	c.want(t, http.StatusOK, call{method: "POST", path: "/shows/" + h.showID + "/publish", token: h.organizer}, nil)
	until(t, "tickets has heard of the performance", func() bool {
		return c.do(t, call{method: "GET", path: "/tickets/performances/" + h.performanceID + "/seats"}).status == http.StatusOK
	})
	return h
}

// rows is a seat map of a seated area "hall" with rows of seats, and a general
// area "floor" when there is a capacity; everything costs EUR 42.
func rows(rows, seats, capacity int) *showsapi.SeatMapInput {
	m := &showsapi.SeatMapInput{PriceCategories: []showsapi.PriceCategoryInput{
		{ID: "a", Name: "All places", Price: showsapi.MoneyInput{Amount: 4200, Currency: "EUR"}},
	}}
	if rows > 0 {
		hall := showsapi.AreaInput{ID: "hall", Kind: showsapi.AreaInputKindSeated, PriceCategory: "a"}
		for row := 1; row <= rows; row++ {
			hall.Rows = append(hall.Rows, showsapi.RowInput{Row: fmt.Sprint(row), Seats: fmt.Sprintf("1-%d", seats)})
		}
		m.Areas = append(m.Areas, hall)
	}
	if capacity > 0 {
		floor := showsapi.AreaInput{ID: "floor", Kind: showsapi.AreaInputKindGeneral, PriceCategory: "a"}
		floor.Capacity.SetTo(capacity)
		m.Areas = append(m.Areas, floor)
	}
	return m
}

// area is what GET …/seats says of one area.
type area struct {
	AreaID, Kind                    string
	Seats                           map[string]string
	Capacity, Available, Held, Sold int
}

func (c *client) seats(t testing.TB, performanceID string) map[string]area {
	t.Helper()
	var got struct{ Areas []area }
	c.get(t, "", "/tickets/performances/"+performanceID+"/seats", &got)
	areas := map[string]area{}
	for _, a := range got.Areas {
		areas[a.AreaID] = a
	}
	return areas
}

type money struct {
	Amount   int64
	Currency string
}

type hold struct {
	HoldID, PerformanceID, ExpiresAt string
	Total                            money
}

type order struct {
	OrderID, Code, Status, PerformanceID string
	Total, Refunded                      money
	Tickets                              []ticket
}

type ticket struct{ TicketID, OrderID, AreaID, Seat, Status, Code string }

func holdBody(performanceID string, places ...place) map[string]any {
	items := []map[string]any{}
	for _, p := range places {
		if p.seat == "" {
			items = append(items, map[string]any{"areaId": p.area, "quantity": 1})
			continue
		}
		items = append(items, map[string]any{"areaId": p.area, "seats": []string{p.seat}})
	}
	return map[string]any{"performanceId": performanceID, "items": items}
}

func orderBody(holdID, paymentToken string) map[string]any {
	return map[string]any{"holdId": holdID, "payment": map[string]string{"provider": "test", "token": paymentToken}}
}

func (c *client) hold(t testing.TB, token, performanceID string, places ...place) hold {
	t.Helper()
	var got hold
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/holds", token: token, body: holdBody(performanceID, places...)}, &got)
	return got
}

// buy holds and orders places.
func (c *client) buy(t testing.TB, token, performanceID string, places ...place) order {
	t.Helper()
	held := c.hold(t, token, performanceID, places...)
	var got order
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/orders", token: token, body: orderBody(held.HoldID, paysOK)}, &got)
	return got
}

func (c *client) ticket(t testing.TB, token, ticketID string) ticket {
	t.Helper()
	var got ticket
	c.get(t, token, "/tickets/"+ticketID, &got)
	return got
}

// orders lists all orders of a performance as its organizer sees them.
func (c *client) orders(t testing.TB, h house) []order {
	t.Helper()
	var all []order
	query := url.Values{"performanceId": {h.performanceID}, "limit": {"100"}}
	for {
		var page struct {
			Items      []order
			NextCursor string
		}
		c.get(t, h.organizer, "/tickets/orders?"+query.Encode(), &page)
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			return all
		}
		query.Set("cursor", page.NextCursor)
	}
}

type mail struct {
	ID, To, Subject, Text string
	Attachments           []struct {
		Name, ContentType string
		Size              int
	}
}

// mails returns the newest mails to an address, or to anybody.
func (c *client) mails(t testing.TB, to string) []mail {
	t.Helper()
	query := url.Values{"limit": {"1000"}}
	if to != "" {
		query.Set("to", to)
	}
	var got struct{ Items []mail }
	c.want(t, http.StatusOK, call{method: "GET", path: "/dev/mailbox?" + query.Encode(), header: map[string]string{"Accept": "application/json"}}, &got)
	return got.Items
}

func newKey() string { return id.New().String() }
