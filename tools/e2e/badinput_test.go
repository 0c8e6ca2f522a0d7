package e2e_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/tools/internal/issuer"
	"ticketmesh.dev/tools/internal/mesh"
)

// refused checks that an answer is a problem with this status and, unless it is
// empty, this code.
func refused(t testing.TB, got answer, status int, code string) {
	t.Helper()
	var problem struct {
		Type, Title, Code string
		Status            int
	}
	mediaType, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	switch {
	case got.status != status:
		t.Errorf("got %.300v, want %d %s", got, status, code)
	case mediaType != "application/problem+json":
		t.Errorf("the problem is %q: %.300v", got.header.Get("Content-Type"), got)
	case json.Unmarshal(got.body, &problem) != nil || problem.Type == "" || problem.Title == "" || problem.Code == "" || problem.Status != status:
		t.Errorf("not a whole problem: %.300v", got)
	case code != "" && problem.Code != code:
		t.Errorf("got the code %s, want %s: %.300v", problem.Code, code, got)
	}
}

// almighty is the token of a user in all groups, so that what is refused is the
// input and not the caller.
var almighty = sync.OnceValue(func() func(testing.TB, *client) string {
	var once sync.Once
	var token string
	return func(t testing.TB, c *client) string {
		t.Helper()
		once.Do(func() {
			meshOK(t, password+"\n", "users", "add", "almighty@example.org", "--data", shared.data, "--group", "organizer,gate,admin,subscriber")
			token = c.signIn(t, "almighty@example.org", password).Access
		})
		return token
	}
})()

func TestWrongMethodsAreRefused(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	token := almighty(t, c)
	allowed := map[string][]string{
		"/": {"GET"}, "/healthz": {"GET"}, "/dev/events": {"GET"}, "/dev/mailbox": {"GET"}, "/docs/api/tickets.openapi.yaml": {"GET"},
	}
	for _, r := range allRoutes(t) {
		allowed[r.path] = append(allowed[r.path], r.method)
	}
	for path, right := range allowed {
		for _, method := range append([]string{"TRACE"}, methods...) {
			if slices.Contains(right, method) {
				continue
			}
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()
				got := c.do(t, call{method: method, path: route{path: path}.unknown(), token: token})
				refused(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
				said := strings.Split(strings.ReplaceAll(got.header.Get("Allow"), " ", ""), ",")
				for _, method := range right {
					if !slices.Contains(said, method) {
						t.Errorf("Allow is %q, and %s is allowed", got.header.Get("Allow"), method)
					}
				}
			})
		}
	}
}

func TestUnknownPathsAreRefused(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	for _, path := range []string{
		"/nowhere", "/shows/a/b/c", "/tickets", "/tickets/holds/a/b", "/info", "/info/nothing", "/notifications/nothing", "/auth/nothing", "/auth", "/bus", "/bus/nothing", "/bus/subscriptions/a/b/c",
		"/.well-known/nothing", "/dev", "/dev/nothing", "/dev/mailbox/nothing", "/docs/api/nothing.yaml", "/shows/%00", "/shows/%ff", "/healthz/x",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got := c.do(t, call{method: "GET", path: path})
			if got.status == http.StatusUnauthorized || got.status == http.StatusBadRequest {
				refused(t, got, got.status, "") // what may be an id is looked at in that order
				return
			}
			refused(t, got, http.StatusNotFound, "not_found")
		})
	}
}

// badTokens are tokens that no operation may take.
func badTokens(t *testing.T, c *client) map[string]string {
	t.Helper()
	const email = "almighty@example.org"
	almighty(t, c)
	now := time.Now()
	sign := func(data, issuerURL, clientID string, at time.Time) string {
		opened, err := issuer.Open(t.Context(), issuer.Config{DataDir: data, IssuerURL: issuerURL, ClientID: clientID, Clock: clock.NewManual(at)})
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		if _, err := opened.AddUser(t.Context(), email, password, "organizer"); err != nil {
			t.Fatal(err)
		}
		signed, err := opened.SignIn(t.Context(), email, password)
		if err != nil {
			t.Fatal(err)
		}
		return signed.Access
	}
	good := c.signIn(t, email, password)
	parts := strings.Split(good.Access, ".")
	var header struct{ Kid string }
	decodePart(t, parts[0], &header)
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	none := part(map[string]string{"alg": "none", "typ": "JWT", "kid": header.Kid}) + "." + parts[1] + "."
	confused := part(map[string]string{"alg": "HS256", "typ": "JWT", "kid": header.Kid}) + "." + parts[1]
	mac := hmac.New(sha256.New, publicKeyPEM(t, c))
	mac.Write([]byte(confused))
	var claims map[string]any
	decodePart(t, parts[1], &claims)
	claims["cognito:groups"] = []string{"admin"}
	signature := []byte(parts[2])
	signature[10] ^= 1

	tokens := map[string]string{
		"expired":                      sign(shared.data, c.url, mesh.ClientID, now.Add(-2*time.Hour)),
		"not yet valid":                sign(shared.data, c.url, mesh.ClientID, now.Add(2*time.Hour)),
		"another issuer's key":         sign(t.TempDir(), c.url, mesh.ClientID, now),
		"another issuer":               sign(shared.data, "https://issuer.example.org", mesh.ClientID, now),
		"another client":               sign(shared.data, c.url, "another-client", now),
		"alg none":                     none,
		"HS256 with the public key":    confused + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"other claims":                 parts[0] + "." + part(claims) + "." + parts[2],
		"another signature":            parts[0] + "." + parts[1] + "." + string(signature),
		"the id token":                 good.ID,
		"the refresh token":            good.Refresh,
		"no token":                     "x",
		"two parts":                    parts[0] + "." + parts[1],
		"a megabyte less a little":     strings.Repeat("a", 500_000),
		"spaces":                       good.Access + " " + good.Access,
		"not the alphabet of a token":  parts[0] + ".ü." + parts[2],
		"JSON instead of a compact":    `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"whole, with a part too many":  good.Access + "." + parts[2],
		"whole, with its padding kept": good.Access + "==",
	}
	if got := c.do(t, call{method: "GET", path: "/tickets/orders", token: good.Access}); got.status != http.StatusOK {
		t.Fatalf("the good token: %v", got)
	}
	return tokens
}

func decodePart(t testing.TB, part string, into any) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// publicKeyPEM is the issuer's public key as anybody can have it.
func publicKeyPEM(t testing.TB, c *client) []byte {
	t.Helper()
	var keys jose.JSONWebKeySet
	c.get(t, "", "/.well-known/jwks.json", &keys)
	der, err := x509.MarshalPKIXPublicKey(keys.Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestBadTokensAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	tokens := badTokens(t, c)
	for _, r := range allRoutes(t) {
		if !r.tokenTaken {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			q := call{method: r.method, path: r.unknown()}
			if r.takesJSON() {
				q.body = validBodies[r.name]
			}
			if r.secured {
				got := c.do(t, q)
				refused(t, got, http.StatusUnauthorized, "unauthenticated")
				if got.header.Get("WWW-Authenticate") == "" {
					t.Error("there is no WWW-Authenticate")
				}
			}
			for name, token := range tokens {
				q.token = token
				got := c.do(t, q)
				if got.status == http.StatusRequestHeaderFieldsTooLarge {
					continue // the server refuses it before there is a request
				}
				if refused(t, got, http.StatusUnauthorized, "unauthenticated"); t.Failed() {
					t.Fatalf("with %s", name)
				}
			}
		})
	}
}

func TestBadBodiesAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	token := almighty(t, c)
	big := `{"x":"` + strings.Repeat("a", 2<<20) + `"}`
	type bad struct {
		name, body  string
		contentType string
		status      int
		code        string
	}
	for _, r := range allRoutes(t) {
		if !r.takesJSON() || r.name == "receiveStripeWebhook" { // Stripe is not configured there, and its events have fields of their own
			continue
		}
		valid := validBodies[r.name]
		open, rest := valid[:1], valid[1:]
		const wrong = "invalid_request"
		for _, b := range []bad{
			{"malformed", `{"a":`, "", 400, wrong},
			{"cut off", valid[:len(valid)-1], "", 400, wrong},
			{"more after it", valid + "{}", "", 400, wrong},
			{"an unknown field alone", `{"surelyUnknown":1}`, "", 400, wrong},
			{"an unknown field", open + `"surelyUnknown":1,` + rest, "", 400, wrong},
			{"a field twice", open + firstField(t, valid) + `,` + rest, "", 400, wrong},
			{"an array", `[` + valid + `]`, "", 400, wrong},
			{"a text", `"x"`, "", 400, wrong},
			{"a number", `42`, "", 400, wrong},
			{"null", `null`, "", 400, wrong},
			{"deep arrays", strings.Repeat("[", 200_000), "", 400, wrong},
			{"deep objects", open + `"surelyUnknown":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) + "," + rest, "", 400, wrong},
			{"not UTF-8", open + "\"surelyUnknown\":\"\xff\"," + rest, "", 400, wrong},
			{"a huge number", open + `"surelyUnknown":` + strings.Repeat("9", 10_000) + "," + rest, "", 400, wrong},
			{"wrong types", strings.NewReplacer(`:"`, `:["`, `",`, `"],`, `"}`, `"]}`, `:["`, `:[1,"`, `:1}`, `:"1"}`, "true", "[true]").Replace(valid), "", 400, ""},
			{"plain text", valid, "text/plain", 415, "unsupported_media_type"},
			{"a form", "a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"},
			{"no media type", valid, "nothing", 415, "unsupported_media_type"},
			{"two mebibytes", big, "", 413, "payload_too_large"},
		} {
			t.Run(r.name+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				q := call{method: r.method, path: r.unknown(), token: token, body: b.body}
				if b.contentType != "" {
					q.header = map[string]string{"Content-Type": b.contentType}
				}
				signWebhook(t, r, &q)
				got := c.do(t, q)
				refused(t, got, b.status, b.code)
				if b.name == "an unknown field" && !strings.Contains(string(got.body), "surelyUnknown") {
					t.Errorf("the field is not named: %v", got)
				}
			})
		}
		if r.bodyNeeded {
			t.Run(r.name+"/empty", func(t *testing.T) {
				t.Parallel()
				q := call{method: r.method, path: r.unknown(), token: token, body: ""}
				signWebhook(t, r, &q)
				refused(t, c.do(t, q), 400, wrong)
			})
		}
	}
}

// signWebhook makes a request to the webhook the payment provider's.
func signWebhook(t testing.TB, r route, q *call) {
	t.Helper()
	if r.name != "receivePaymentWebhook" {
		return
	}
	secret, err := os.ReadFile(filepath.Join(shared.data, "test-webhook-secret"))
	if err != nil {
		t.Fatal(err)
	}
	q.path = strings.Replace(r.path, "{provider}", "test", 1)
	signed := fmt.Sprintf("%d.%s", time.Now().Unix(), q.body)
	mac := hmac.New(sha256.New, bytes.TrimSpace(secret))
	mac.Write([]byte(signed))
	at, _, _ := strings.Cut(signed, ".")
	header := map[string]string{"Ticketmesh-Signature": fmt.Sprintf("t=%s,v1=%x", at, mac.Sum(nil))}
	maps.Copy(header, q.header)
	q.header = header
}

// firstField is the first member of an object.
func firstField(t testing.TB, object string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(object[1:]))
	key, err := decoder.Token()
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q:%s", key, members[key.(string)])
}

// TestUnknownIDsAreNotFound calls every route with an id that nothing has, and
// with one that is none.
func TestUnknownIDsAreNotFound(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	token := almighty(t, c)
	for _, r := range allRoutes(t) {
		if !strings.Contains(r.path, "{") || slices.Contains([]string{"putPage", "putSubscription", "deleteSubscription"}, r.name) {
			continue // which make it, or end with there being none
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			q := call{method: r.method, path: r.unknown(), token: token}
			if r.takesJSON() {
				q.body = validBodies[r.name]
			}
			refused(t, c.do(t, q), http.StatusNotFound, "not_found")
			for _, none := range []string{"x", "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7", "%27%20OR%201=1", strings.Repeat("9", 3000), "..%2f..%2fetc", "%E2%80%AE"} {
				q.path = parameter.ReplaceAllString(r.path, none)
				if got := c.do(t, q); got.status != http.StatusNotFound {
					refused(t, got, http.StatusBadRequest, "invalid_request")
				}
			}
		})
	}
}

// TestBadQueriesAreRefused calls every list with parameters out of range.
func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	token := almighty(t, c)
	for _, path := range []string{"/shows", "/info/venues", "/info/artists", "/info/pages", "/info/search?q=a", "/tickets/orders", "/notifications", "/bus/subscriptions"} {
		for _, query := range []string{"limit=0", "limit=-1", "limit=1000000000", "limit=x", "limit=1e3", "cursor=x", "cursor=", "cursor=" + strings.Repeat("A", 10_000), "limit=%00", "limit=%zz"} {
			t.Run(path+" "+query[:min(len(query), 20)], func(t *testing.T) {
				t.Parallel()
				separator := "?"
				if strings.Contains(path, "?") {
					separator = "&"
				}
				refused(t, c.do(t, call{method: "GET", path: path + separator + query, token: token}), http.StatusBadRequest, "invalid_request")
			})
		}
	}
}

// TestBadSalesAreRefused asks for what cannot be sold.
func TestBadSalesAreRefused(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	h := c.openHouse(t, "Bad sales", rows(4, 10, 20), map[string]any{"limits": map[string]int{"perOrder": 4, "perCustomer": 5}})
	past := c.openHouse(t, "Long ago", rows(1, 2, 2), map[string]any{"startsAt": "2020-06-01T20:00"})
	later := c.openHouse(t, "Later", rows(1, 2, 2), map[string]any{"salesOpenAt": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)})
	email, token := c.customer(t)
	_, other := c.customer(t)
	sold := c.buy(t, token, h.performanceID, place{"hall", "4-10"})
	held := c.hold(t, token, h.performanceID, place{"hall", "4-9"})

	item := func(performanceID, item string) string {
		return fmt.Sprintf(`{"performanceId":%q,"items":[%s]}`, performanceID, item)
	}
	pay := func(holdID, payment string) string { return fmt.Sprintf(`{"holdId":%q,"payment":%s}`, holdID, payment) }
	const holds, orders = "/tickets/holds", "/tickets/orders"
	tests := []struct {
		name, method, path, token, body string
		status                          int
		code                            string
	}{
		{"quantity 0", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":0}`), 400, "invalid_request"},
		{"quantity -1", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":-1}`), 400, "invalid_request"},
		{"quantity 10^9", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":1000000000}`), 400, "invalid_request"},
		{"quantity 10^30", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":1000000000000000000000000000000}`), 400, "invalid_request"},
		{"quantity 1.5", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":1.5}`), 400, "invalid_request"},
		{"quantity as a text", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":"2"}`), 400, "invalid_request"},
		{"quantity of a seated area", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","quantity":2}`), 400, "invalid_request"},
		{"seats of a general area", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","seats":["1-1"]}`), 422, "unknown_seat"},
		{"seats and quantity", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-1"],"quantity":1}`), 400, "invalid_request"},
		{"neither", "POST", holds, token, item(h.performanceID, `{"areaId":"hall"}`), 400, "invalid_request"},
		{"no item", "POST", holds, token, item(h.performanceID, ``), 400, "invalid_request"},
		{"no seat", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":[]}`), 400, "invalid_request"},
		{"a seat twice in an item", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-1","1-1"]}`), 400, "invalid_request"},
		{"a seat twice in two items", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-1"]},{"areaId":"hall","seats":["1-1"]}`), 400, "invalid_request"},
		{"an unknown seat", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-11"]}`), 422, "unknown_seat"},
		{"an unknown area", "POST", holds, token, item(h.performanceID, `{"areaId":"moon","seats":["1-1"]}`), 422, "unknown_seat"},
		{"an unknown concession", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-1"],"concessions":[{"id":"student","quantity":1}]}`), 422, "unknown_concession"},
		{"more concessions than seats", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-1"],"concessions":[{"id":"student","quantity":2}]}`), 400, "invalid_request"},
		{"no concession", "POST", holds, token, item(h.performanceID, `{"areaId":"hall","seats":["1-1"],"concessions":[]}`), 400, "invalid_request"},
		{"an unknown performance", "POST", holds, token, item(id.New().String(), `{"areaId":"hall","seats":["1-1"]}`), 404, "not_found"},
		{"a sold seat", "POST", holds, other, item(h.performanceID, `{"areaId":"hall","seats":["4-10","1-1"]}`), 409, "seats_unavailable"},
		{"a held seat", "POST", holds, other, item(h.performanceID, `{"areaId":"hall","seats":["4-9"]}`), 409, "seats_unavailable"},
		{"more than an order may have", "POST", holds, other, item(h.performanceID, `{"areaId":"floor","quantity":5}`), 422, "limit_exceeded"},
		{"more than a customer may have", "POST", holds, token, item(h.performanceID, `{"areaId":"floor","quantity":4}`), 422, "limit_exceeded"},
		{"a performance in the past", "POST", holds, token, item(past.performanceID, `{"areaId":"hall","seats":["1-1"]}`), 409, "sales_closed"},
		{"a performance not yet on sale", "POST", holds, token, item(later.performanceID, `{"areaId":"hall","seats":["1-1"]}`), 409, "sales_closed"},
		{"another's hold", "GET", holds + "/" + held.HoldID, other, "", 404, "not_found"},
		{"ordering another's hold", "POST", orders, other, pay(held.HoldID, `{"provider":"test","token":"tok_ok"}`), 404, "not_found"},
		{"releasing another's hold", "DELETE", holds + "/" + held.HoldID, other, "", 404, "not_found"},
		{"another provider", "POST", orders, token, pay(held.HoldID, `{"provider":"bank","token":"tok_ok"}`), 400, "invalid_request"},
		{"no payment token", "POST", orders, token, pay(held.HoldID, `{"provider":"test","token":""}`), 400, "invalid_request"},
		{"a declined payment", "POST", orders, token, pay(held.HoldID, `{"provider":"test","token":"tok_declined"}`), 402, "payment_declined"},
		{"an address that is none", "POST", orders, token, fmt.Sprintf(`{"holdId":%q,"payment":{"provider":"test","token":"tok_ok"},"email":"ada"}`, held.HoldID), 400, "invalid_request"},
		{"another's order", "GET", orders + "/" + sold.OrderID, other, "", 404, "not_found"},
		{"cancelling another's order", "POST", orders + "/" + sold.OrderID + "/cancel", other, "", 404, "not_found"},
		{"a refund by a customer", "POST", orders + "/" + sold.OrderID + "/refunds", token, fmt.Sprintf(`{"ticketIds":[%q],"reason":"x"}`, sold.Tickets[0].TicketID), 403, "forbidden"},
		{"a refund of no ticket", "POST", orders + "/" + sold.OrderID + "/refunds", h.organizer, `{"ticketIds":[],"reason":"x"}`, 400, "invalid_request"},
		{"a refund of a ticket twice", "POST", orders + "/" + sold.OrderID + "/refunds", h.organizer, fmt.Sprintf(`{"ticketIds":[%[1]q,%[1]q],"reason":"x"}`, sold.Tickets[0].TicketID), 400, "invalid_request"},
		{"another's ticket", "GET", "/tickets/" + sold.Tickets[0].TicketID, other, "", 404, "not_found"},
		{"another's QR code", "GET", "/tickets/" + sold.Tickets[0].TicketID + "/qr.png", other, "", 404, "not_found"},
		{"another's PDF", "GET", "/tickets/" + sold.Tickets[0].TicketID + "/ticket.pdf", other, "", 404, "not_found"},
		{"passing another's ticket on", "POST", "/tickets/" + sold.Tickets[0].TicketID + "/transfer", other, `{"email":"ben@example.org"}`, 404, "not_found"},
		{"sales, asked for by a customer", "GET", orders + "?performanceId=" + h.performanceID, token, "", 403, "forbidden"},
		{"the gate's pack, for a customer", "GET", "/tickets/performances/" + h.performanceID + "/gate", token, "", 403, "forbidden"},
		{"checking in by a customer", "POST", "/tickets/checkins", token, `{"code":"x","gate":"north"}`, 403, "forbidden"},
		{"a code that is none", "POST", "/tickets/checkins", almighty(t, c), `{"code":"x","gate":"north"}`, 422, "invalid_code"},
		{"waiting for what is there", "POST", "/tickets/waitlist", other, fmt.Sprintf(`{"performanceId":%q,"priceCategory":"a","quantity":1}`, h.performanceID), 409, "not_sold_out"},
		{"a show by a customer", "POST", "/shows", token, validBodies["createShow"], 403, "forbidden"},
		{"a venue by a customer", "POST", "/info/venues", token, validBodies["createVenue"], 403, "forbidden"},
		{"a webhook without a signature", "POST", "/tickets/payments/webhooks/test", "", fmt.Sprintf(`{"id":"e","type":"payment.captured","orderId":%q}`, sold.OrderID), 401, "unauthenticated"},
		{"a local time that does not exist", "POST", "/shows/" + h.showID + "/performances", h.organizer, strings.Replace(validBodies["schedulePerformance"], "2031-06-01T20:00", "2031-03-30T02:30", 1), 422, "invalid_local_time"},
		{"two currencies", "POST", "/shows/" + h.showID + "/performances", h.organizer, strings.Replace(validBodies["schedulePerformance"], `"priceCategories":[`, `"priceCategories":[{"id":"II","name":"Second","price":{"amount":1,"currency":"JPY"}},`, 1), 422, "mixed_currencies"},
		{"a stale version", "PATCH", "/shows/" + h.showID, h.organizer, `{"title":"x"}`, 412, "version_conflict"},
		{"an address that is taken", "POST", "/auth/signup", "", fmt.Sprintf(`{"email":%q,"password":"correct horse battery"}`, email), 409, "email_taken"},
		{"a short password", "POST", "/auth/signup", "", `{"email":"short@example.org","password":"short"}`, 400, "invalid_request"},
		{"a wrong password", "POST", "/auth/token", "", fmt.Sprintf(`{"email":%q,"password":"another one"}`, email), 401, "unauthenticated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := call{method: tt.method, path: tt.path, token: tt.token, header: map[string]string{}}
			if tt.body != "" {
				q.body = tt.body
			}
			if tt.code == "version_conflict" {
				q.header["If-Match"] = `"1"`
			}
			refused(t, c.do(t, q), tt.status, tt.code)
		})
	}
	if areas := c.seats(t, h.performanceID); areas["hall"].Seats["1-1"] != "available" || areas["floor"].Available != 20 {
		t.Errorf("a refused request took a place: 1-1 is %s, %d places are free", areas["hall"].Seats["1-1"], areas["floor"].Available)
	}
}

func TestIdempotencyKeysAreHonoured(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	h := c.openHouse(t, "Keys", rows(1, 10, 0), nil)
	_, token := c.customer(t)
	_, other := c.customer(t)
	send := func(token, key, seat string) answer {
		return c.do(t, call{method: "POST", path: "/tickets/holds", token: token, body: holdBody(h.performanceID, place{"hall", seat}), header: map[string]string{"Idempotency-Key": key}})
	}
	first := send(token, "k", "1-1")
	again := send(token, "k", "1-1")
	if first.status != http.StatusCreated || again.status != http.StatusCreated || string(first.body) != string(again.body) {
		t.Errorf("repeated: %v, then %v", first, again)
	}
	refused(t, send(token, "k", "1-2"), http.StatusUnprocessableEntity, "idempotency_key_reused")
	refused(t, send(other, "k", "1-1"), http.StatusConflict, "seats_unavailable") // a key of somebody else
	c.want(t, http.StatusNoContent, call{method: "DELETE", path: "/tickets/holds/" + holdID(t, first), token: token}, nil)
	refused(t, send(other, "k", "1-1"), http.StatusConflict, "seats_unavailable") // the first answer, also a 4xx
	for name, key := range map[string]string{"empty": "", "too long": strings.Repeat("k", 256), "with a space": "a b", "not ASCII": "kü"} {
		if got := send(token, key, "1-3"); got.status != http.StatusBadRequest {
			t.Errorf("a key that is %s: %v", name, got)
		}
	}
}

func holdID(t testing.TB, got answer) string {
	t.Helper()
	var h hold
	got.decode(t, &h)
	return h.HoldID
}
