// Package cost computes what AWS asks for a sale, from what use cases were measured to
// ask of AWS (package usage of platform) and a table of list prices. It looks nothing up:
// what was not measured and has no price is an error.
package cost

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"ticketmesh.dev/platform/usage"
)

// Sale is what is sold, and what customers are assumed to do beside.
type Sale struct {
	Tickets int `json:"tickets"`
	House   int `json:"house"` // places of a performance, which sells out
	Order   int `json:"order"` // tickets of an order

	Looks     float64 `json:"looks"`     // at a performance and its seat map, an order
	Abandoned float64 `json:"abandoned"` // holds that are not ordered, an order
	Orders    float64 `json:"orders"`    // of a customer in a month
	Sampled   float64 `json:"sampled"`   // traces of requests that are no orders; of these all are recorded
}

// measuredHouse is how many seats the house has whose use cases were measured.
const measuredHouse = 20_000

// Assumed are the assumptions that a sale is computed with if nothing else is said. The
// share of traces is X-Ray's own; account's sampling rule records all orders.
var Assumed = Sale{Order: 2, Looks: 5, Abandoned: 0.3, Orders: 1, Sampled: 0.05}

func (s Sale) orders() float64       { return float64(s.Tickets) / float64(s.Order) }
func (s Sale) performances() float64 { return math.Ceil(float64(s.Tickets) / float64(s.House)) }
func (s Sale) looks() float64        { return s.orders() * s.Looks }
func (s Sale) abandoned() float64    { return s.orders() * s.Abandoned }
func (s Sale) holds() float64        { return s.orders() + s.abandoned() }
func (s Sale) admissions() float64   { return float64(s.Tickets) }

// reports are those of tickets about what is left: one of each hold, order and expiry.
func (s Sale) reports() float64 { return s.holds() + s.orders() + s.abandoned() }

// houses are those of the size that was measured, so that a small one costs less to open.
func (s Sale) houses() float64 { return s.performances() * float64(s.House) / measuredHouse }

// step is a use case of a service, and how often a sale has it.
type step struct {
	service, useCase string // %d is the number of tickets
	times            func(Sale) float64
	traced           bool // whether all of its traces are recorded
}

// steps are what a sale consists of.
var steps = []step{
	{"shows", "house announced", Sale.houses, false},
	{"shows", "performance looked at", Sale.looks, false},
	{"shows", "availability changed", Sale.reports, false},
	{"tickets", "house announced", Sale.houses, false},
	{"tickets", "seats looked at", Sale.looks, false},
	{"tickets", "hold, %d tickets", Sale.holds, false},
	{"tickets", "hold expired", Sale.abandoned, false},
	{"tickets", "order, %d tickets", Sale.orders, true},
	{"tickets", "check-in", Sale.admissions, false},
	{"notifications", "performance announced", Sale.performances, false},
	{"notifications", "order confirmed, %d tickets", Sale.orders, true},
}

// Service is what one service costs.
type Service struct {
	Name         string  `json:"name"`
	USD          float64 `json:"usd"`
	PerTicketUSD float64 `json:"perTicketUsd"`
	Lines        []Line  `json:"lines"`
}

// Report is what a sale costs.
type Report struct {
	Sale         Sale      `json:"sale"`
	PricesOf     string    `json:"pricesOf"` // date and region
	Note         string    `json:"note"`
	Services     []Service `json:"services"`
	USD          float64   `json:"usd"`
	PerTicketUSD float64   `json:"perTicketUsd"`
}

// platformLogBytes is what Lambda itself logs of an invocation, as JSON: that it began,
// what it took and that it ended. accessLogBytes is the gateway's line of a request.
const (
	platformLogBytes = 900
	accessLogBytes   = 450
)

const (
	gb = 1 << 30
	// fullCPU is the memory, in MB, that brings a whole CPU.
	fullCPU = 1769
)

// Of computes a sale from the measurements and templates of the workspace at root.
func Of(root string, s Sale) (Report, error) {
	prices, err := ListPrices()
	if err != nil {
		return Report{}, err
	}
	report := Report{Sale: s, PricesOf: prices.Date + ", " + prices.Region, Note: prices.Note}
	names := map[string]bool{}
	for _, step := range steps {
		names[step.service] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b := newBill(prices)
		if err := sold(b, root, name, s); err != nil {
			return Report{}, err
		}
		report.add(name, b)
	}
	// Who buys signs in.
	b := newBill(prices)
	b.add("cognito.user", s.orders()/s.Orders)
	report.add("identity", b)
	for i := range report.Services {
		service := &report.Services[i]
		service.PerTicketUSD = service.USD / float64(s.Tickets)
		report.USD += service.USD
	}
	report.PerTicketUSD = report.USD / float64(s.Tickets)
	return report, nil
}

func (r *Report) add(name string, b *bill) {
	lines, usd := b.lines()
	r.Services = append(r.Services, Service{Name: name, USD: usd, Lines: lines})
}

// sold adds what a service does in a sale to its bill.
func sold(b *bill, root, service string, s Sale) error {
	folder := filepath.Join(root, "services", service)
	template, err := readTemplate(filepath.Join(folder, "template.yaml"))
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "docs", "units.json")
	measured, err := usage.Read(file)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step.service != service {
			continue
		}
		name := step.useCase
		if strings.Contains(name, "%d") {
			name = fmt.Sprintf(name, s.Order)
		}
		c, ok := measured[name]
		if !ok {
			return fmt.Errorf("%q is not measured, see %s", name, file)
		}
		times := step.times(s)
		sampled := s.Sampled
		if step.traced {
			sampled = 1
		}
		b.add("xray.trace", times*sampled)
		if err := b.addCase(template, c, times); err != nil {
			return err
		}
	}
	return b.err
}

// addCase adds a use case so many times. Every invocation is taken to have one record, as
// it was measured: at a rush batches are larger, and cost less.
func (b *bill) addCase(template deployed, c usage.Case, times float64) error {
	for name, u := range c {
		f, ok := template.functions[name]
		if !ok {
			return fmt.Errorf("the template has no function %s", name)
		}
		b.addFunction(f, u, times)
		if name == "api" {
			b.add(template.api, times*float64(u.Invocations))
			b.add("logs.gb", times*float64(u.Invocations)*accessLogBytes/gb)
			bytes := float64(u.ResponseKB) * 1024
			if template.compresses {
				bytes = float64(u.GzipBytes)
			}
			b.add("transfer.gb", times*bytes/gb)
		}
	}
	return b.err
}

func (b *bill) addFunction(f function, u usage.Usage, times float64) {
	invocations := times * float64(u.Invocations)
	millis := u.OwnMillis * max(1, fullCPU/f.memoryMB)
	for request, n := range u.Requests {
		latency, err := b.prices.latency(request)
		if err != nil {
			b.fail(err)
		}
		millis += latency * float64(n)
		switch service, _, _ := strings.Cut(request, "."); service {
		case "sqs":
			b.add("sqs.request", times*float64(n))
		case "secretsmanager":
			b.add("secretsmanager.call", times*float64(n))
		}
	}
	if f.queues {
		b.add("sqs.request", 3*invocations) // the rule sends, Lambda receives and deletes
	}
	// What is begun of a millisecond is paid; on average it is half of one.
	b.add("lambda.gbSecond", (times*millis+invocations/2)/1000*f.memoryMB/1024)
	b.add("lambda.request", invocations)
	b.add("logs.gb", (times*float64(u.LogBytes)+invocations*platformLogBytes)/gb)
	b.add("dynamodb.read", times*u.ReadUnits)
	b.add("dynamodb.write", times*float64(u.WriteUnits))
	b.add("events.published", times*float64(u.Events))
	b.add("events.archivedGb", times*float64(u.EventKB)*1024/gb)
	b.add("ses.mail", times*float64(u.Mails))
	b.add("ses.gb", times*float64(u.MailKB)*1024/gb)
}

func sortLines(lines []Line) {
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(b.USD, a.USD), cmp.Compare(a.Price, b.Price))
	})
}
