package cost

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed prices.json
var pricesJSON []byte

// Price is one of AWS's list prices.
type Price struct {
	USD  float64 `json:"usd"`
	Per  float64 `json:"per"` // so many units
	Unit string  `json:"unit"`
	Page string  `json:"page"` // where AWS says it
}

// Prices are list prices as they were known on a date. Requests and units have no volume
// discount in them, and nothing is free.
type Prices struct {
	Date     string `json:"date"`
	Region   string `json:"region"`
	Currency string `json:"currency"`
	Note     string `json:"note"`

	Prices        map[string]Price   `json:"prices"`
	LatencyMillis map[string]float64 `json:"latencyMillis"` // of an answer, by service or service.Operation
	LatencyNote   string             `json:"latencyNote"`
}

// ListPrices returns the table that is built in.
func ListPrices() (Prices, error) {
	var p Prices
	err := json.Unmarshal(pricesJSON, &p)
	return p, err
}

// latency is how long one request is waited for.
func (p Prices) latency(request string) (float64, error) {
	if ms, ok := p.LatencyMillis[request]; ok {
		return ms, nil
	}
	service, _, _ := strings.Cut(request, ".")
	ms, ok := p.LatencyMillis[service]
	if !ok {
		return 0, fmt.Errorf("there is no latency for %s", request)
	}
	return ms, nil
}

// Line is a price and how often it is paid.
type Line struct {
	Price    string  `json:"price"` // its name in the table
	Unit     string  `json:"unit"`
	Quantity float64 `json:"quantity"`
	USD      float64 `json:"usd"`
}

// bill adds up what is paid, by price.
type bill struct {
	prices     Prices
	quantities map[string]float64
	err        error // the first
}

func newBill(p Prices) *bill { return &bill{prices: p, quantities: map[string]float64{}} }

func (b *bill) add(price string, quantity float64) {
	if _, ok := b.prices.Prices[price]; !ok && b.err == nil {
		b.err = fmt.Errorf("there is no price %s", price)
	}
	if quantity > 0 {
		b.quantities[price] += quantity
	}
}

// fail keeps an error that adding had.
func (b *bill) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// lines are sorted by what they cost, the dearest first.
func (b *bill) lines() (lines []Line, usd float64) {
	for name, quantity := range b.quantities {
		price := b.prices.Prices[name]
		line := Line{Price: name, Unit: price.Unit, Quantity: quantity, USD: quantity * price.USD / price.Per}
		lines, usd = append(lines, line), usd+line.USD
	}
	sortLines(lines)
	return lines, usd
}
