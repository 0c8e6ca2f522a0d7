package aws_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"go.yaml.in/yaml/v3"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws/api"
	"ticketmesh.dev/services/tickets/aws/consumer"
	"ticketmesh.dev/services/tickets/aws/jobs"
	"ticketmesh.dev/services/tickets/aws/relay"
	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/stripe/stripetest"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

func TestEachFunctionNamesAllThatItLacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, tt := range []struct {
		name string
		open func(rt lambda.Runtime) error
		want []string
	}{
		{"api", func(rt lambda.Runtime) error { _, err := api.Open(t.Context(), rt); return err }, []string{
			"TICKETMESH_TABLE", "TICKETMESH_ISSUER", "TICKETMESH_AUDIENCE", "TICKETMESH_CODE_KEY_SECRET", "TICKETMESH_PAYMENTS", "TICKETMESH_PAYMENTS_SECRET",
		}},
		{"consumer", func(rt lambda.Runtime) error { _, err := consumer.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE", "TICKETMESH_STAGE", "TICKETMESH_SHOWS_URL"}},
		{"relay", func(rt lambda.Runtime) error { _, err := relay.Open(t.Context(), rt); return err }, []string{"TICKETMESH_BUS"}},
		{"jobs", func(rt lambda.Runtime) error { _, err := jobs.Open(t.Context(), rt); return err }, []string{
			"TICKETMESH_TABLE", "TICKETMESH_STAGE", "TICKETMESH_CODE_KEY_SECRET", "TICKETMESH_PAYMENTS", "TICKETMESH_PAYMENTS_SECRET",
		}},
	} {
		err := tt.open(c.with(tt.want...))
		for _, name := range tt.want {
			if err == nil || !strings.Contains(err.Error(), name+" ") {
				t.Errorf("%s does not miss %s: %v", tt.name, name, err)
			}
		}
		var others []string // the function does without
		for name := range c.variables {
			if strings.HasPrefix(name, "TICKETMESH_") && !slices.Contains(tt.want, name) {
				others = append(others, name)
			}
		}
		if err := tt.open(c.with(others...)); err != nil {
			t.Errorf("%s with all that it needs: %v", tt.name, err)
		}
		if err := tt.open(c.with("AWS_REGION")); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
			t.Errorf("%s does not miss AWS_REGION: %v", tt.name, err)
		}
	}
	if _, err := api.Open(t.Context(), c.with("TICKETMESH_PAYMENTS=test,cash")); err == nil || !strings.Contains(err.Error(), "cash") {
		t.Errorf("a provider that there is not is taken: %v", err)
	}
}

func TestAPurchaseIsAnnouncedAndAdmits(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.must(http.StatusOK, nil, "GET", "/tickets/healthz", "", nil)
	p := performance()
	f.refuses(http.StatusNotFound, "not_found", "GET", "/tickets/performances/"+p.PerformanceID.String()+"/seats", "", nil)
	told := f.scheduled(p)
	f.consume(told, told)

	held := f.hold("anna", p, seats("A-1", "A-2"), places(2))
	f.refuses(http.StatusConflict, "seats_unavailable", "POST", "/tickets/holds", "bert", holdOf(p, seats("A-2")))
	f.refuses(http.StatusConflict, "sold_out", "POST", "/tickets/holds", "bert", holdOf(p, places(2)))
	f.refuses(http.StatusNotFound, "not_found", "GET", "/tickets/holds/"+held, "bert", nil)
	f.refuses(http.StatusUnauthorized, "unauthenticated", "GET", "/tickets/holds/"+held, "", nil)
	f.refuses(http.StatusBadRequest, "invalid_request", "POST", "/tickets/orders", "anna", orderOf(held, "stripe", "pm_card_visa"))
	var bought, again ordered
	f.must(http.StatusCreated, &bought, "POST", "/tickets/orders", "anna", orderOf(held, "test", "tok_ok"), "Idempotency-Key", "k")
	f.must(http.StatusCreated, &again, "POST", "/tickets/orders", "anna", orderOf(held, "test", "tok_ok"), "Idempotency-Key", "k")
	if bought.Status != "confirmed" || len(bought.Tickets) != 4 || again.OrderID != bought.OrderID {
		t.Errorf("ordered %+v, and again %+v", bought, again)
	}

	facts, availability := f.flow()
	if want := map[string]int{"hold.placed": 1, "order.placed": 1, "order.confirmed": 1}; !maps.Equal(facts, want) {
		t.Errorf("announced %v, want %v", facts, want)
	}
	sold := map[string]int{}
	for subject, state := range availability {
		sold[strings.Split(subject, "/")[1]] += state.Sold
		if state.Held != 0 {
			t.Errorf("%s: %+v", subject, state)
		}
	}
	if want := map[string]int{"stalls": 2, "floor": 2}; !maps.Equal(sold, want) {
		t.Errorf("sold are %v, want %v: %v", sold, want, availability)
	}

	var ticket struct{ Code string }
	f.must(http.StatusOK, &ticket, "GET", "/tickets/"+bought.Tickets[0].TicketID, "anna", nil)
	f.must(http.StatusOK, nil, "GET", "/tickets/"+bought.Tickets[0].TicketID+"/qr.png", "anna", nil)
	f.must(http.StatusOK, nil, "GET", "/tickets/"+bought.Tickets[0].TicketID+"/ticket.pdf", "anna", nil)
	scan := map[string]any{"code": ticket.Code, "gate": "north"}
	f.must(http.StatusOK, nil, "POST", "/tickets/checkins", "gabi,gate", scan)
	f.refuses(http.StatusConflict, "already_admitted", "POST", "/tickets/checkins", "gabi,gate", scan)
	if facts, _ := f.flow(); !maps.Equal(facts, map[string]int{"ticket.admitted": 1}) {
		t.Errorf("announced %v", facts)
	}
	f.metrics(map[string]float64{"SeatsHeld": 4, "TicketsSold": 4, "HoldsRefused": 2, "EventsHandled": 2, "EventsFailed": 0})
}

// metrics checks the sums of what the functions told CloudWatch.
func (f functions) metrics(want map[string]float64) {
	f.Helper()
	got := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(f.measured.text.String()))
	for lines.Scan() {
		var members map[string]json.RawMessage
		f.ok(json.Unmarshal(lines.Bytes(), &members))
		for name := range want {
			var values []float64
			if told, ok := members[name]; ok {
				f.ok(json.Unmarshal(told, &values))
			}
			for _, v := range values {
				got[name] += v
			}
		}
	}
	for name, n := range want {
		if got[name] != n {
			f.Errorf("%s is %v, want %v", name, got[name], n)
		}
	}
}

func TestADeclinedPaymentLeavesTheHold(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	held := f.hold("anna", p, seats("A-1"))
	f.refuses(http.StatusPaymentRequired, "payment_declined", "POST", "/tickets/orders", "anna", orderOf(held, "test", "tok_declined"))
	facts, _ := f.flow()
	if want := map[string]int{"hold.placed": 1, "order.placed": 1, "order.declined": 1}; !maps.Equal(facts, want) {
		t.Errorf("announced %v, want %v", facts, want)
	}
	f.must(http.StatusOK, nil, "GET", "/tickets/holds/"+held, "anna", nil)
	f.must(http.StatusCreated, nil, "POST", "/tickets/orders", "anna", orderOf(held, "test", "tok_ok"))
	f.metrics(map[string]float64{"SeatsHeld": 1, "TicketsSold": 1, "HoldsRefused": 0})
}

func TestAJobDoesItsPass(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	f.heldSince(time.Hour, "anna", p, "A-1")
	lost := f.orderedSince(5*time.Minute, "bert", p, "B-1")
	bought := f.buy("carl", p, seats("A-2"))
	if _, _, err := f.since(5*time.Minute, true).CancelOrder(t.Context(), app.Caller{CustomerID: "carl"}, idOf(t, bought.OrderID)); err != nil {
		t.Fatal(err)
	}
	f.flow()

	for _, step := range []struct {
		job  string
		want map[string]int
	}{
		{"sweep", map[string]int{"hold.released": 1}},
		{"waitlist", map[string]int{}},
		{"cancellations", map[string]int{}},
		{"reconcile", map[string]int{"order.confirmed": 1, "order.refunded": 1}},
		{"captures", map[string]int{}},
		{"", map[string]int{}},
	} {
		f.ok(f.do(step.job))
		if facts, _ := f.flow(); !maps.Equal(facts, step.want) {
			t.Errorf("%q announced %v, want %v", step.job, facts, step.want)
		}
	}
	if got := f.status("bert", lost.ID.String()); got != "confirmed" {
		t.Errorf("the order is %s", got)
	}
	if err := f.do("dishes"); err == nil || !strings.Contains(err.Error(), "dishes") {
		t.Errorf("a job that there is not: %v", err)
	}
	f.metrics(map[string]float64{"SeatsHeld": 1, "TicketsSold": 2, "HoldsRefused": 0})
}

func TestWhoWaitsIsOfferedWhatCameFree(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	bought := f.buy("anna", p, places(3))
	var entry struct{ EntryID, Status, HoldID string }
	wanted := map[string]any{"performanceId": p.PerformanceID, "priceCategory": "floor", "quantity": 2}
	f.must(http.StatusCreated, &entry, "POST", "/tickets/waitlist", "bert", wanted)
	f.ok(f.do(""))
	if facts, _ := f.flow(); facts["waitlist.offered"] != 0 {
		t.Errorf("announced %v", facts)
	}
	f.must(http.StatusOK, nil, "POST", "/tickets/orders/"+bought.OrderID+"/cancel", "anna", nil)
	f.ok(f.do(""))
	if facts, _ := f.flow(); facts["waitlist.offered"] != 1 {
		t.Errorf("announced %v", facts)
	}
	f.must(http.StatusOK, &entry, "GET", "/tickets/waitlist/"+entry.EntryID, "bert", nil)
	f.must(http.StatusCreated, nil, "POST", "/tickets/orders", "bert", orderOf(entry.HoldID, "test", "tok_ok"))
}

func TestACancelledPerformanceGivesAllMoneyBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	first, second := f.buy("anna", p, seats("A-1", "A-2")), f.buy("bert", p, places(1))
	waiting := f.orderedSince(5*time.Second, "carl", p, "B-1")
	f.flow()
	p.Version, p.Status = 2, showsevents.PerformanceStatusCancelled
	f.consume(f.told(showsevents.TypePerformanceCancelled, showsevents.SchemaPerformanceCancelled, p))
	f.refuses(http.StatusConflict, "sales_closed", "POST", "/tickets/holds", "dora", holdOf(p, seats("A-3")))
	f.ok(f.do(""))
	f.ok(f.do("")) // nothing twice
	facts, _ := f.flow()
	want := map[string]int{"order.cancelled": 3, "ticket.voided": 3, "order.refunded": 2}
	delete(facts, "hold.released")
	if !maps.Equal(facts, want) {
		t.Errorf("announced %v, want %v", facts, want)
	}
	for caller, orderID := range map[string]string{"anna": first.OrderID, "bert": second.OrderID, "carl": waiting.ID.String()} {
		if got := f.status(caller, orderID); got != "cancelled" {
			t.Errorf("%s's order is %s", caller, got)
		}
	}
}

// TestAPassThatFailsKeepsNoOtherFromItsWork has codes that nobody can sign, so that an order cannot be confirmed.
func TestAPassThatFailsKeepsNoOtherFromItsWork(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	f.heldSince(time.Hour, "anna", p, "A-1")
	lost := f.orderedSince(5*time.Minute, "bert", p, "B-1")
	f.keep(f.variables["TICKETMESH_CODE_KEY_SECRET"], "no key")
	f.flow()
	err := f.do("")
	if err == nil || !strings.Contains(err.Error(), "reconcile: ") || strings.Contains(err.Error(), "sweep: ") || strings.Contains(err.Error(), "no key") {
		t.Errorf("the jobs end with %v", err)
	}
	if facts, _ := f.flow(); !maps.Equal(facts, map[string]int{"hold.released": 1}) {
		t.Errorf("announced %v", facts)
	}
	f.keep(f.variables["TICKETMESH_CODE_KEY_SECRET"], firstKey)
	f.ok(f.do(""))
	if got := f.status("bert", lost.ID.String()); got != "confirmed" {
		t.Errorf("the order is %s", got)
	}
}

func TestAPassNeedsTime(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	f.heldSince(time.Hour, "anna", p, "A-1")
	f.flow()
	handle, err := jobs.Open(t.Context(), f.runtime())
	f.ok(err)
	if _, err := handle(f.within(9*time.Second), jobs.Request{Job: "sweep"}); err == nil {
		t.Error("there was no time to begin anything in, and no error")
	}
	if facts, _ := f.flow(); len(facts) != 0 {
		t.Errorf("announced %v", facts)
	}
}

func TestWebhooksAreCheckedBySecret(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	const path = "/tickets/payments/webhooks/test"
	var pending ordered
	f.must(http.StatusAccepted, &pending, "POST", "/tickets/orders", "anna", orderOf(f.hold("anna", p, seats("A-1")), "test", "tok_pending"))
	body := []byte(`{"id": "1", "type": "payment.captured", "orderId": "` + pending.OrderID + `"}`)
	signed := func(secret string) string { return testpay.NewWebhooks([]byte(secret)).Sign(body, time.Now()) }
	f.refuses(http.StatusUnauthorized, "unauthenticated", "POST", path, "", body, "Ticketmesh-Signature", signed("guessed"))
	f.must(http.StatusOK, nil, "POST", path, "", body, "Ticketmesh-Signature", signed(hookKey))
	f.must(http.StatusOK, nil, "POST", path, "", body, "Ticketmesh-Signature", signed(hookKey))
	if got := f.status("anna", pending.OrderID); got != "confirmed" {
		t.Errorf("the order is %s", got)
	}
	for name, secret := range map[string]string{"no secret": `{}`, "an empty one": `{"testWebhookSecret": ""}`, "nonsense": hookKey} {
		f.keep(f.variables["TICKETMESH_PAYMENTS_SECRET"], secret)
		fresh := f.cloud.open()
		t.Log(name)
		fresh.refuses(http.StatusServiceUnavailable, "unavailable", "POST", path, "", body, "Ticketmesh-Signature", signed(""))
	}
	f.cloud.open("TICKETMESH_PAYMENTS=stripe").refuses(http.StatusNotFound, "not_found", "POST", path, "", body, "Ticketmesh-Signature", signed(hookKey))
}

func TestStripeIsPaidBySecretKey(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	double := stripetest.New(t, time.Now)
	c.keep(c.variables["TICKETMESH_PAYMENTS_SECRET"], `{"stripeSecretKey": "`+stripetest.Key+`", "stripeWebhookSecret": "`+stripetest.Secret+`"}`)
	c.variables["TICKETMESH_PAYMENTS"], c.variables["TICKETMESH_STRIPE_URL"] = "stripe", double.URL
	c.variables["TICKETMESH_STRIPE_PUBLISHABLE_KEY"] = "pk_test_double"
	f := c.open()
	var offered struct {
		Items []struct{ Provider, PublishableKey string }
	}
	f.must(http.StatusOK, &offered, "GET", "/tickets/payments/providers", "", nil)
	if len(offered.Items) != 1 || offered.Items[0].Provider != "stripe" || offered.Items[0].PublishableKey != "pk_test_double" {
		t.Errorf("offered are %+v", offered)
	}
	p := f.onSale()
	held := f.hold("anna", p, seats("A-1"))
	f.refuses(http.StatusBadRequest, "invalid_request", "POST", "/tickets/orders", "anna", orderOf(held, "test", "tok_ok"))
	var bought ordered
	f.must(http.StatusCreated, &bought, "POST", "/tickets/orders", "anna", orderOf(held, "stripe", "pm_card_visa"))

	// Its webhook says the same again.
	sent := double.Webhooks()
	if len(sent) == 0 {
		t.Fatal("Stripe tells nothing")
	}
	body := []byte(sent[len(sent)-1].Body)
	f.must(http.StatusOK, nil, "POST", "/tickets/payments/webhooks/stripe", "", body, "Stripe-Signature", stripetest.Sign(body, stripetest.Secret, time.Now()))
	f.refuses(http.StatusUnauthorized, "unauthenticated", "POST", "/tickets/payments/webhooks/stripe", "", body, "Stripe-Signature", stripetest.Sign(body, "guessed", time.Now()))

	// A refund that Stripe does not answer is the jobs'.
	if _, _, err := f.since(5*time.Minute, true).CancelOrder(t.Context(), app.Caller{CustomerID: "anna"}, idOf(t, bought.OrderID)); err != nil {
		t.Fatal(err)
	}
	intent := double.Intents(bought.OrderID)[0]
	if got := double.Kept(intent); got != 4200 {
		t.Errorf("Stripe keeps %d before the refund", got)
	}
	f.ok(f.do(""))
	if got := double.Kept(intent); got != 0 {
		t.Errorf("Stripe keeps %d after it", got)
	}
}

// TestTheKeyOfCodesIsReplaced goes by functions that are opened anew: those that are open read the secret again in time.
func TestTheKeyOfCodesIsReplaced(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.onSale()
	bought := f.buy("anna", p, seats("A-1", "A-2"))
	code := func(f functions, i int) string {
		var ticket struct{ Code string }
		f.must(http.StatusOK, &ticket, "GET", "/tickets/"+bought.Tickets[i].TicketID, "anna", nil)
		return ticket.Code
	}
	printed := code(f, 0)
	f.keep(f.variables["TICKETMESH_CODE_KEY_SECRET"], secondKey+"\n"+firstKey+"\n")
	f = f.cloud.open()
	if code(f, 0) == printed {
		t.Error("the first key still signs")
	}
	var keys struct{ Keys []struct{ Kid string } }
	f.must(http.StatusOK, &keys, "GET", "/tickets/codes/jwks.json", "", nil)
	if len(keys.Keys) != 2 {
		t.Errorf("public keys are %v", keys)
	}
	var pack struct{ Valid []struct{ CodeHash string } }
	f.must(http.StatusOK, &pack, "GET", "/tickets/performances/"+p.PerformanceID.String()+"/gate", "gabi,gate", nil)
	if len(pack.Valid) != 4 {
		t.Errorf("the gate knows %d codes of two tickets and two keys", len(pack.Valid))
	}
	f.must(http.StatusOK, nil, "POST", "/tickets/checkins", "gabi,gate", map[string]any{"code": printed, "gate": "north"})
	f.must(http.StatusOK, nil, "POST", "/tickets/checkins", "gabi,gate", map[string]any{"code": code(f, 1), "gate": "north"})
}

// TestTheTemplateMakesSecretsThatCanBeRead has the emulator make what the template asks for.
func TestTheTemplateMakesSecretsThatCanBeRead(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	source, err := os.ReadFile("../template.yaml")
	c.ok(err)
	var template struct {
		Resources map[string]struct {
			Properties struct {
				GenerateSecretString struct {
					PasswordLength          int64  `yaml:"PasswordLength"`
					ExcludePunctuation      bool   `yaml:"ExcludePunctuation"`
					ExcludeUppercase        bool   `yaml:"ExcludeUppercase"`
					ExcludeCharacters       string `yaml:"ExcludeCharacters"`
					RequireEachIncludedType *bool  `yaml:"RequireEachIncludedType"`
					GenerateStringKey       string `yaml:"GenerateStringKey"`
				} `yaml:"GenerateSecretString"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	c.ok(yaml.Unmarshal(source, &template))
	made := func(secret string) string {
		asked := template.Resources[secret].Properties.GenerateSecretString
		got, err := secretsmanager.NewFromConfig(c.config).GetRandomPassword(t.Context(), &secretsmanager.GetRandomPasswordInput{
			PasswordLength: &asked.PasswordLength, ExcludePunctuation: &asked.ExcludePunctuation, ExcludeUppercase: &asked.ExcludeUppercase,
			ExcludeCharacters: &asked.ExcludeCharacters, RequireEachIncludedType: asked.RequireEachIncludedType,
		})
		c.ok(err)
		return *got.RandomPassword
	}
	if _, err := jose.Parse(made("CodeKey")); err != nil {
		t.Errorf("the key of codes: %v", err)
	}
	if key := template.Resources["Payments"].Properties.GenerateSecretString.GenerateStringKey; key != "testWebhookSecret" || len(made("Payments")) < 32 {
		t.Errorf("the template makes %q", key)
	}
}

func TestASeatMapByReferenceIsFetched(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := performance()
	seatMap, err := p.SeatMap.Value.MarshalJSON()
	f.ok(err)
	p.SeatMap = showsevents.OptSeatMap{}
	path := "/shows/" + p.ShowID.String() + "/performances/" + p.PerformanceID.String() + "/seatmaps/1"
	p.SeatMapRef = showsevents.NewOptString(path)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(seatMap) })
	shows := httptest.NewServer(mux)
	t.Cleanup(shows.Close)
	told := f.scheduled(p)
	if failed := f.consumed(nil, told); !slices.Equal(failed, []string{"0"}) {
		t.Errorf("shows does not answer, and failed are %v", failed)
	}
	if failed := f.consumed([]string{"TICKETMESH_SHOWS_URL=" + shows.URL}, told); len(failed) != 0 {
		t.Errorf("failed are %v", failed)
	}
	f.hold("anna", p, seats("B-4"))
}

func TestWhatCannotBeReadEndsInTheDeadLetters(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := performance()
	nothing, err := event.New(t.Context(), showsevents.Source, showsevents.TypePerformanceScheduled, p.PerformanceID.String(), showsevents.SchemaPerformanceScheduled, time.Now(), json.RawMessage(`{}`)).MarshalCloudEvent()
	f.ok(err)
	f.consume([]byte(`{"specversion": "1.0"}`), nothing, f.scheduled(p))
	f.ok(f.do("dead-letters"))
	f.metrics(map[string]float64{"DeadLetters": 2, "DeadLettersWaiting": 2})
	if got := f.take(f.letters); len(got) != 2 {
		t.Errorf("dead letters are %v", got)
	}
	f.hold("anna", p, seats("A-1"))
}

// TestPreflightsAndOtherMethodsReachTheFunction asks as a browser does, and for what there is not.
func TestPreflightsAndOtherMethodsReachTheFunction(t *testing.T) {
	t.Parallel()
	f := open(t)
	w := f.call("OPTIONS", "/tickets/holds", "", nil, "Origin", "https://example.com", "Access-Control-Request-Method", "POST")
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "https://example.com" {
		t.Errorf("a preflight allows %q", got)
	}
	if w := f.call("PUT", "/tickets/orders", "anna", nil); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("PUT is answered %d, %v", w.Code, w.Header())
	}
}
