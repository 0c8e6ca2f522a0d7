package e2e_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/id"
)

// route is an operation of an OpenAPI document.
type route struct {
	name         string // operationId
	method, path string
	secured      bool // a token is needed
	tokenTaken   bool // a token is looked at
	bodyTypes    []string
	bodyNeeded   bool
}

// allRoutes reads the routes of all OpenAPI documents.
func allRoutes(t testing.TB) []route {
	t.Helper()
	files, err := fs.Glob(contracts.Files, "api/*.openapi.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	var routes []route
	for _, file := range files {
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document struct {
			Security []map[string][]string
			Paths    map[string]map[string]yaml.Node
		}
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for path, operations := range document.Paths {
			for method, node := range operations {
				if !slices.Contains(methods, strings.ToUpper(method)) {
					continue
				}
				var operation struct {
					OperationID string                 `yaml:"operationId"`
					Security    *[]map[string][]string `yaml:"security"`
					RequestBody struct {
						Required bool
						Content  map[string]yaml.Node
					} `yaml:"requestBody"`
				}
				if err := node.Decode(&operation); err != nil {
					t.Fatalf("%s: %s %s: %v", file, method, path, err)
				}
				security := document.Security
				if operation.Security != nil {
					security = *operation.Security
				}
				r := route{
					name: operation.OperationID, method: strings.ToUpper(method), path: path, bodyNeeded: operation.RequestBody.Required,
					tokenTaken: len(security) > 0,
					secured:    len(security) > 0 && !slices.ContainsFunc(security, func(s map[string][]string) bool { return len(s) == 0 }),
				}
				for contentType := range operation.RequestBody.Content {
					r.bodyTypes = append(r.bodyTypes, contentType)
				}
				routes = append(routes, r)
			}
		}
	}
	slices.SortFunc(routes, func(a, b route) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return routes
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

func (r route) takesJSON() bool { return slices.Contains(r.bodyTypes, "application/json") }

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// unknown is the route's path with ids that nothing has.
func (r route) unknown() string {
	return parameter.ReplaceAllStringFunc(r.path, func(name string) string {
		switch name {
		case "{provider}":
			return "nobody"
		case "{name}":
			return "no-such-subscription"
		case "{slug}":
			return "no-such-page"
		case "{key}":
			return strings.Repeat("0", 32) + ".png"
		case "{token}":
			return "Zk3hX0s1u2v3w4x5y6z7AQ"
		case "{version}":
			return "1"
		}
		return id.New().String()
	})
}

// validBodies are bodies that only what they name keeps from succeeding.
var validBodies = map[string]string{
	"signUp":                `{"email":"taken@example.org","password":"correct horse battery"}`,
	"issueTokens":           `{"email":"nobody@example.org","password":"correct horse battery"}`,
	"createVenue":           `{"name":"Hall","city":"Graz","country":"AT","timeZone":"Europe/Vienna"}`,
	"replaceVenue":          `{"name":"Hall","city":"Graz","country":"AT","timeZone":"Europe/Vienna"}`,
	"createArtist":          `{"name":"Nobody"}`,
	"replaceArtist":         `{"name":"Nobody"}`,
	"createPage":            `{"slug":"bad-input","language":"en","title":"Bad input","markdown":"It is refused."}`,
	"putPage":               `{"language":"en","title":"Bad input","markdown":"It is refused."}`,
	"createAsset":           `{"name":"a.png","contentType":"image/png","size":100}`,
	"putPreferences":        `{"email":{"waitlist":true}}`,
	"createShow":            `{"title":"Bad input","description":"It is refused.","category":"concert"}`,
	"updateShow":            `{"title":"Bad input"}`,
	"cancelShow":            `{"reason":"No input."}`,
	"schedulePerformance":   `{"startsAt":"2031-06-01T20:00","timeZone":"Europe/Vienna","seatMap":{"areas":[{"id":"a","kind":"general","capacity":5,"priceCategory":"I"}],"priceCategories":[{"id":"I","name":"First","price":{"amount":4200,"currency":"EUR"}}]}}`,
	"createSeatPlan":        `{"name":"Bad input","areas":[{"id":"a","kind":"general","capacity":5,"priceCategory":"I"}],"priceCategories":[{"id":"I","name":"First"}]}`,
	"replaceSeatPlan":       `{"name":"Bad input","areas":[{"id":"a","kind":"general","capacity":5,"priceCategory":"I"}],"priceCategories":[{"id":"I","name":"First"}]}`,
	"importSeatPlan":        `{"format":"pretix","document":{"name":"Bad input","categories":[{"name":"I"}],"zones":[{"name":"Z","position":{"x":0,"y":0},"rows":[{"row_number":"A","seats":[{"seat_guid":"a","seat_number":"1","position":{"x":0,"y":0},"category":"I"}]}]}]}}`,
	"scheduleSeries":        `{"rrule":"FREQ=DAILY;COUNT=2","startsAt":"2031-06-01T20:00","timeZone":"Europe/Vienna","seatMap":{"areas":[{"id":"a","kind":"general","capacity":5,"priceCategory":"I"}],"priceCategories":[{"id":"I","name":"First","price":{"amount":4200,"currency":"EUR"}}]}}`,
	"updatePerformance":     `{"seatMap":{"areas":[{"id":"a","kind":"general","capacity":5,"priceCategory":"I"}],"priceCategories":[{"id":"I","name":"First","price":{"amount":4200,"currency":"EUR"}}]}}`,
	"updateAllocation":      `{"released":true}`,
	"putPresale":            `{"name":"Members","opensAt":"2031-01-10T09:00:00Z","uses":2,"generate":2}`,
	"reschedulePerformance": `{"startsAt":"2031-06-08T19:30"}`,
	"cancelPerformance":     `{"reason":"No input."}`,
	"prepareSeatMap":        `{"seatMapVersion":2,"areas":[{"id":"a","kind":"general","capacity":5}]}`,
	"placeHold":             `{"performanceId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","items":[{"areaId":"a","quantity":2}]}`,
	"placeOrder":            `{"holdId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","payment":{"provider":"test","token":"tok_ok"}}`,
	"refundOrder":           `{"ticketIds":["0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"],"reason":"No input."}`,
	"receivePaymentWebhook": `{"id":"evt_1","type":"payment.captured","orderId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"}`,
	"receiveStripeWebhook":  `{"id":"evt_1","type":"payment_intent.succeeded"}`,
	"transferTicket":        `{"email":"ben@example.org"}`,
	"checkIn":               `{"code":"no code","gate":"north"}`,
	"checkInBatch":          `{"scans":[{"code":"no code","gate":"north"}]}`,
	"putSubscription":       `{"types":["ticketmesh.tickets.order.confirmed.v1"],"from":"now"}`,
	"receiveEvents":         `{"maxEvents":1}`,
	"acknowledgeEvents":     `{"lockTokens":["no lock"]}`,
	"releaseEvents":         `{"lockTokens":["no lock"],"delaySeconds":1}`,
	"rejectEvents":          `{"lockTokens":["no lock"],"reason":"No input."}`,
	"renewLocks":            `{"lockTokens":["no lock"],"lockSeconds":30}`,
	"joinWaitlist":          `{"performanceId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","priceCategory":"a","quantity":1}`,
}

// TestRoutesAreRead keeps the tables above whole.
func TestRoutesAreRead(t *testing.T) {
	t.Parallel()
	routes := allRoutes(t)
	secured, withBody := 0, 0
	for _, r := range routes {
		if r.secured {
			secured++
		}
		if !r.takesJSON() {
			continue
		}
		withBody++
		if validBodies[r.name] == "" {
			t.Errorf("there is no valid body for %s", r.name)
		}
	}
	if len(routes) < 64 || secured < 44 || withBody < 26 {
		t.Errorf("%d routes, %d secured, %d with a body", len(routes), secured, withBody)
	}
}
