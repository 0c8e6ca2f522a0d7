// Package stripetest is a double of Stripe's HTTP API for tests: of the parts
// that are used, with the states, refusals and idempotency that Stripe documents.
// What it does not know it refuses, so that a test of new use fails here first.
package stripetest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"
)

const (
	// Key is the secret key of the double's account.
	Key = "sk_test_double"
	// Secret signs its webhooks.
	Secret = "whsec_double"
)

// mostListed is the most that one page has: less than Stripe's, so that there are
// several.
const mostListed = 3

// Fault is how a request fails.
type Fault int

// The faults. The lost ones do what they were asked for and answer nothing.
const (
	ServerError Fault = iota + 1
	RateLimit
	Refused // nothing happens, and no answer comes
	Lost
)

type object = map[string]any

// Double is Stripe, for one account. Safe for concurrent use.
type Double struct {
	// URL is where it answers.
	URL string
	now func() time.Time

	mu      sync.Mutex
	made    int
	intents []object // oldest first
	refunds []object
	events  []object
	keys    map[string]kept
	faults  []fault
	asked   []string
}

type kept struct {
	request string
	status  int
	answer  []byte
}

type fault struct {
	path string
	kind Fault
}

// New returns a double that is served until the test ends. Its objects are made
// at the time that now says.
func New(t testing.TB, now func() time.Time) *Double {
	d := &Double{now: now, keys: map[string]kept{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	d.URL = server.URL
	return d
}

// Fail lets the next request whose method and path begin so fail.
func (d *Double) Fail(methodAndPath string, kind Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, fault{methodAndPath, kind})
}

// Asked returns the requests so far, as "POST /v1/refunds".
func (d *Double) Asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.asked...)
}

// ForgetKeys forgets all idempotency keys, as Stripe does after a day.
func (d *Double) ForgetKeys() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.keys)
}

// Finish ends a payment that waits for its buyer or for a bank, as the buyer or
// the bank does.
func (d *Double) Finish(intentID string, paid bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	intent := find(d.intents, intentID)
	if paid {
		d.succeed(intent)
		return
	}
	d.fail(intent, "payment_intent_authentication_failure", "")
}

// FinishRefund ends a refund that is pending, or brings one back that succeeded.
func (d *Double) FinishRefund(refundID string, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	refund := find(d.refunds, refundID)
	if done {
		refund["status"] = "succeeded"
		d.emit("refund.updated", refund)
		return
	}
	refund["status"], refund["failure_reason"] = "failed", "lost_or_stolen_card"
	d.emit("refund.failed", refund)
}

// Pay makes a payment of the account that is none of an order's request: a second
// one of an order, say, or of another shop.
func (d *Double) Pay(amount int64, currency string, metadata map[string]string) (intentID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	written := object{}
	for key, value := range metadata {
		written[key] = value
	}
	intent := d.intent(amount, currency, written)
	d.succeed(intent)
	return intent["id"].(string)
}

// Kept is what the account has of a payment: captured and not given back.
func (d *Double) Kept(intentID string) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept(find(d.intents, intentID))
}

func (d *Double) kept(intent object) int64 {
	left := intent["amount_received"].(int64)
	for _, refund := range d.refunds {
		if refund["payment_intent"] == intent["id"] && refund["status"] != "failed" {
			left -= refund["amount"].(int64)
		}
	}
	return left
}

// Intents returns the ids of an order's payments, the oldest first.
func (d *Double) Intents(orderID string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []string
	for _, intent := range d.intents {
		if intent["metadata"].(object)["order_id"] == orderID {
			found = append(found, intent["id"].(string))
		}
	}
	return found
}

// Webhook is a signed event as Stripe sends it.
type Webhook struct {
	Type, Signature, Body string
}

// Webhooks returns everything that Stripe would have sent so far, oldest first,
// signed now.
func (d *Double) Webhooks() []Webhook {
	d.mu.Lock()
	defer d.mu.Unlock()
	var sent []Webhook
	for _, event := range d.events {
		body, err := json.Marshal(event)
		if err != nil {
			panic(err) // it is made of what JSON knows
		}
		sent = append(sent, Webhook{event["type"].(string), Sign(body, Secret, time.Now()), string(body)})
	}
	return sent
}

// Sign returns the header for a body signed at the time.
func Sign(body []byte, secret string, at time.Time) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(webhook.ComputeSignature(at, body, secret)))
}

// Event returns an event of a type and what it is about, to be signed.
func Event(eventType string, about any) []byte {
	body, err := json.Marshal(object{
		"id": "evt_x", "object": "event", "type": eventType, "api_version": sdk.APIVersion, "created": time.Now().Unix(), "data": object{"object": about},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// ServeHTTP implements http.Handler.
func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request_error", "", "")
		return
	}
	methodAndPath := r.Method + " " + r.URL.Path
	d.asked = append(d.asked, methodAndPath)
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key:
		refuse(w, http.StatusUnauthorized, "invalid_request_error", "", "")
		return
	case r.Header.Get("Stripe-Version") != sdk.APIVersion:
		refuse(w, http.StatusBadRequest, "invalid_request_error", "", "Stripe-Version")
		return
	}
	answer := httptest.NewRecorder()
	kind := d.fault(methodAndPath)
	switch kind {
	case ServerError:
		refuse(w, http.StatusInternalServerError, "api_error", "", "")
		return
	case RateLimit:
		refuse(w, http.StatusTooManyRequests, "invalid_request_error", "rate_limit", "")
		return
	case Refused:
		hangUp(w)
		return
	case Lost:
		d.once(answer, r)
		hangUp(w)
		return
	}
	d.once(answer, r)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// hangUp ends the connection in the middle of an answer. Without the beginning of
// one Go's client would ask again by itself, as the request has a key.
func hangUp(w http.ResponseWriter) {
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
	_ = buffered.Flush()
	_ = connection.Close()
}

func (d *Double) fault(methodAndPath string) Fault {
	for i, f := range d.faults {
		if strings.HasPrefix(methodAndPath, f.path) {
			d.faults = append(d.faults[:i:i], d.faults[i+1:]...)
			return f.kind
		}
	}
	return 0
}

// once answers a request, and the same request with the same key alike.
func (d *Double) once(w *httptest.ResponseRecorder, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	request := r.URL.Path + "?" + r.PostForm.Encode()
	if r.Method != http.MethodPost || key == "" {
		d.answer(w, r)
		return
	}
	if before, known := d.keys[key]; known {
		if before.request != request {
			refuse(w, http.StatusBadRequest, "idempotency_error", "", "")
			return
		}
		w.WriteHeader(before.status)
		_, _ = w.Write(before.answer)
		return
	}
	d.answer(w, r)
	d.keys[key] = kept{request, w.Code, w.Body.Bytes()}
}

func (d *Double) answer(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	resource, rest, _ := strings.Cut(path, "/")
	objectID, action, _ := strings.Cut(rest, "/")
	route := r.Method + " " + resource
	if objectID != "" {
		route += "/id"
	}
	if action != "" {
		route += "/" + action
	}
	switch route {
	case "POST payment_intents":
		d.pay(w, r.PostForm)
	case "GET payment_intents":
		list(w, r.Form, d.intents, "created[gte]")
	case "GET payment_intents/id":
		show(w, d.intents, objectID)
	case "POST payment_intents/id/cancel":
		d.cancel(w, objectID)
	case "POST refunds":
		d.refund(w, r.PostForm)
	case "GET refunds":
		list(w, r.Form, of(d.refunds, "payment_intent", r.Form.Get("payment_intent")), "payment_intent")
	case "GET refunds/id":
		show(w, d.refunds, objectID)
	case "GET events":
		list(w, r.Form, of(d.events, "type", r.Form.Get("type")), "created[gte]", "type")
	default:
		refuse(w, http.StatusNotFound, "invalid_request_error", "", "")
	}
}

func of(all []object, field, value string) []object {
	var found []object
	for _, o := range all {
		if o[field] == value {
			found = append(found, o)
		}
	}
	return found
}

func find(all []object, objectID string) object {
	for _, o := range all {
		if o["id"] == objectID {
			return o
		}
	}
	return nil
}

func (d *Double) id(prefix string) string {
	d.made++
	return prefix + strconv.Itoa(d.made)
}

func (d *Double) emit(eventType string, about object) {
	d.events = append(d.events, object{
		"id": d.id("evt_"), "object": "event", "type": eventType, "api_version": sdk.APIVersion, "created": d.now().Unix(),
		"data": object{"object": maps.Clone(about)},
	})
}

func (d *Double) intent(amount int64, currency string, metadata object) object {
	intentID := d.id("pi_")
	intent := object{
		"id": intentID, "object": "payment_intent", "amount": amount, "amount_received": int64(0), "currency": currency,
		"metadata": metadata, "created": d.now().Unix(), "status": "requires_confirmation", "client_secret": intentID + "_secret_1",
	}
	d.intents = append(d.intents, intent)
	return intent
}

func (d *Double) succeed(intent object) {
	intent["status"], intent["amount_received"] = "succeeded", intent["amount"]
	d.emit("payment_intent.succeeded", intent)
}

func (d *Double) fail(intent object, code, declineCode string) object {
	said := object{"type": "card_error", "code": code, "message": "Refused."}
	if declineCode != "" {
		said["decline_code"] = declineCode
	}
	intent["status"], intent["last_payment_error"] = "requires_payment_method", said
	d.emit("payment_intent.payment_failed", intent)
	return said
}

func (d *Double) pay(w http.ResponseWriter, form url.Values) {
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	currency := form.Get("currency")
	switch {
	case err != nil || amount <= 0 || (currency == "kwd" || currency == "bhd") && amount%10 != 0 || (currency == "isk" || currency == "ugx") && amount%100 != 0:
		refuse(w, http.StatusBadRequest, "invalid_request_error", "invalid_charge_amount", "amount")
		return
	case form.Get("confirm") != "true" || form.Get("automatic_payment_methods[enabled]") != "true" || form.Get("automatic_payment_methods[allow_redirects]") != "never":
		refuse(w, http.StatusBadRequest, "invalid_request_error", "parameter_missing", "return_url")
		return
	}
	methods := map[string]func(object) object{
		"pm_card_visa":          func(i object) object { d.succeed(i); return nil },
		"pm_card_refundFail":    func(i object) object { d.succeed(i); return nil },
		"pm_card_pendingRefund": func(i object) object { d.succeed(i); return nil },
		"pm_card_chargeDeclined": func(i object) object {
			return d.fail(i, "card_declined", "generic_decline")
		},
		"pm_card_chargeDeclinedInsufficientFunds": func(i object) object { return d.fail(i, "card_declined", "insufficient_funds") },
		"pm_card_chargeDeclinedStolenCard":        func(i object) object { return d.fail(i, "card_declined", "stolen_card") },
		"pm_card_chargeDeclinedExpiredCard":       func(i object) object { return d.fail(i, "expired_card", "") },
		"pm_card_authenticationRequired": func(i object) object {
			i["status"], i["next_action"] = "requires_action", object{"type": "use_stripe_sdk"}
			d.emit("payment_intent.requires_action", i)
			return nil
		},
		"pm_sepa": func(i object) object {
			i["status"] = "processing"
			d.emit("payment_intent.processing", i)
			return nil
		},
	}
	confirm, known := methods[form.Get("payment_method")]
	if !known {
		refuse(w, http.StatusNotFound, "invalid_request_error", "resource_missing", "payment_method")
		return
	}
	metadata := object{}
	for key := range form {
		if name, ok := strings.CutPrefix(key, "metadata["); ok {
			metadata[strings.TrimSuffix(name, "]")] = form.Get(key)
		}
	}
	intent := d.intent(amount, currency, metadata)
	intent["payment_method"] = form.Get("payment_method")
	if said := confirm(intent); said != nil {
		said = maps.Clone(said)
		said["payment_intent"] = intent
		write(w, http.StatusPaymentRequired, object{"error": said})
		return
	}
	write(w, http.StatusOK, intent)
}

func (d *Double) cancel(w http.ResponseWriter, intentID string) {
	intent := find(d.intents, intentID)
	switch {
	case intent == nil:
		refuse(w, http.StatusNotFound, "invalid_request_error", "resource_missing", "intent")
	case intent["status"] == "succeeded" || intent["status"] == "canceled" || intent["status"] == "processing":
		refuse(w, http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state", "")
	default:
		intent["status"] = "canceled"
		d.emit("payment_intent.canceled", intent)
		write(w, http.StatusOK, intent)
	}
}

func (d *Double) refund(w http.ResponseWriter, form url.Values) {
	intent := find(d.intents, form.Get("payment_intent"))
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case intent == nil:
		refuse(w, http.StatusNotFound, "invalid_request_error", "resource_missing", "payment_intent")
		return
	case err != nil || amount <= 0:
		refuse(w, http.StatusBadRequest, "invalid_request_error", "parameter_invalid_integer", "amount")
		return
	case d.kept(intent) == 0:
		refuse(w, http.StatusBadRequest, "invalid_request_error", "charge_already_refunded", "")
		return
	case amount > d.kept(intent):
		refuse(w, http.StatusBadRequest, "invalid_request_error", "", "amount")
		return
	}
	metadata := object{}
	for key := range form {
		if name, ok := strings.CutPrefix(key, "metadata["); ok {
			metadata[strings.TrimSuffix(name, "]")] = form.Get(key)
		}
	}
	refund := object{
		"id": d.id("re_"), "object": "refund", "amount": amount, "currency": intent["currency"], "payment_intent": intent["id"],
		"metadata": metadata, "created": d.now().Unix(), "status": "succeeded",
	}
	if intent["payment_method"] == "pm_card_pendingRefund" {
		refund["status"] = "pending"
	}
	d.refunds = append(d.refunds, refund)
	d.emit("refund.created", refund)
	if intent["payment_method"] == "pm_card_refundFail" {
		refund["status"], refund["failure_reason"] = "failed", "expired_or_canceled_card"
		d.emit("refund.failed", refund)
	}
	write(w, http.StatusOK, refund)
}

func show(w http.ResponseWriter, all []object, objectID string) {
	if found := find(all, objectID); found != nil {
		write(w, http.StatusOK, found)
		return
	}
	refuse(w, http.StatusNotFound, "invalid_request_error", "resource_missing", "id")
}

// list answers a page, the newest first.
func list(w http.ResponseWriter, form url.Values, all []object, filters ...string) {
	for name := range form {
		if name != "limit" && name != "starting_after" && !strings.Contains(strings.Join(filters, " "), name) {
			refuse(w, http.StatusBadRequest, "invalid_request_error", "parameter_unknown", name)
			return
		}
	}
	limit, err := strconv.Atoi(form.Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		refuse(w, http.StatusBadRequest, "invalid_request_error", "parameter_invalid_integer", "limit")
		return
	}
	limit = min(limit, mostListed)
	since, _ := strconv.ParseInt(form.Get("created[gte]"), 10, 64)
	page, more := []object{}, false
	begun := form.Get("starting_after") == ""
	for i := len(all) - 1; i >= 0; i-- {
		switch o := all[i]; {
		case !begun:
			begun = o["id"] == form.Get("starting_after")
		case o["created"].(int64) < since:
		case len(page) == limit:
			more = true
		default:
			page = append(page, o)
		}
	}
	write(w, http.StatusOK, object{"object": "list", "data": page, "has_more": more})
}

func write(w http.ResponseWriter, status int, answer object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, kind, code, parameter string) {
	said := object{"type": kind, "message": "Refused: " + parameter}
	if code != "" {
		said["code"] = code
	}
	if parameter != "" {
		said["param"] = parameter
	}
	write(w, status, object{"error": said})
}
