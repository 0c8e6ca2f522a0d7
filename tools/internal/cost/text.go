package cost

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d tickets, %d a performance, %d an order\n\n", r.Sale.Tickets, r.Sale.House, r.Sale.Order)
	fmt.Fprintln(w, "service\tUSD\tUSD a ticket\tmostly")
	for _, s := range r.Services {
		fmt.Fprintf(w, "%s\t%.2f\t%.6f\t%s\n", s.Name, s.USD, s.PerTicketUSD, mostly(s.Lines))
	}
	fmt.Fprintf(w, "sum\t%.2f\t%.6f\n\nlist prices of %s. %s\n", r.USD, r.PerTicketUSD, r.PricesOf, r.Note)
	_ = w.Flush() // a Builder takes everything
	return b.String()
}

// mostly names the dearest lines.
func mostly(lines []Line) string {
	var names []string
	for _, line := range lines[:min(3, len(lines))] {
		names = append(names, fmt.Sprintf("%.2f %s", line.USD, line.Unit))
	}
	return strings.Join(names, "; ")
}

// Text is the report for people.
func (r Idle) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s, a month in which nobody does anything\n\nstack\tUSD\tmostly\n", r.Stage)
	for _, s := range r.Stacks {
		fmt.Fprintf(w, "%s\t%.2f\t%s\n", s.Name, s.USD, mostly(s.Lines))
	}
	fmt.Fprintf(w, "sum\t%.2f\n\nlist prices of %s. %s\n", r.USD, r.PricesOf, r.Note)
	_ = w.Flush() // a Builder takes everything
	return b.String()
}
