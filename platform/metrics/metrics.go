// Package metrics tells CloudWatch numbers by lines in a function's log, in its embedded
// metric format: no request is made and nothing has to be flushed. What is measured is in
// the table below, and nothing else can be. A dimension's values are few (stages,
// functions, consumers): each combination is a metric of its own that costs money.
package metrics

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
)

// Namespace is where CloudWatch has them.
const Namespace = "Ticketmesh"

// The dimensions. Every metric has Stage.
const (
	stage    = "Stage"
	function = "Function" // the function's name
	consumer = "Consumer" // the subscription's name
)

// Units of CloudWatch.
const (
	count        = "Count"
	milliseconds = "Milliseconds"
)

// metric is a line of the table.
type metric struct {
	name      string
	unit      string
	dimension string // beside Stage; may be empty
}

// The table.
var (
	ticketsSold  = metric{"TicketsSold", count, ""}              // tickets of confirmed orders
	seatsHeld    = metric{"SeatsHeld", count, ""}                // seats of holds that were made
	holdsRefused = metric{"HoldsRefused", count, ""}             // holds and orders that the oversell guard has refused
	mailAge      = metric{"MailAge", milliseconds, ""}           // of a mail that is tried to be sent, since there was reason to
	mailsSent    = metric{"MailsSent", count, ""}                // mails that a carrier has accepted
	mailsFailed  = metric{"MailsFailed", count, ""}              // mails that are given up
	mailsBack    = metric{"MailsReturned", count, ""}            // mails that were accepted and came back, or were complained about
	coldStarts   = metric{"ColdStarts", count, function}         // invocations that were a process's first
	handled      = metric{"EventsHandled", count, consumer}      // events that were acknowledged
	failed       = metric{"EventsFailed", count, consumer}       // events that stay in their queue for another try
	lag          = metric{"EventLag", milliseconds, consumer}    // from an event's time until it was handled
	deadLetters  = metric{"DeadLetters", count, consumer}        // events that a consumer has given up
	letterDepth  = metric{"DeadLettersWaiting", count, consumer} // how many are in the dead-letter queue
)

// Log writes metrics. It may be used by several at a time; a nil one drops everything.
type Log struct {
	clock clock.Clock
	stage string

	mu sync.Mutex
	w  io.Writer
}

// New returns a log to w, a function's standard output. stage must not be empty.
func New(w io.Writer, c clock.Clock, stage string) *Log {
	return &Log{clock: c, stage: stage, w: w}
}

// Sold tells of a confirmed order's tickets.
func (l *Log) Sold(tickets int) { l.write("", sample(ticketsSold, tickets)) }

// Held tells of a hold's seats.
func (l *Log) Held(seats int) { l.write("", sample(seatsHeld, seats)) }

// Refused tells that somebody was not given what is held or sold to another.
func (l *Log) Refused() { l.write("", sample(holdsRefused, 1)) }

// ColdStart tells that an invocation has waited for the function's start.
func (l *Log) ColdStart(function string) { l.write(function, sample(coldStarts, 1)) }

// MailsTried tells of mails that are about to be sent, by when there was reason to.
func (l *Log) MailsTried(since []time.Time) {
	if l != nil {
		l.ages("", mailAge, since, nil)
	}
}

// MailsSettled tells what became of mails that were tried; the others are tried again.
func (l *Log) MailsSettled(sent, failed int) {
	l.write("", sample(mailsSent, sent), sample(mailsFailed, failed))
}

// MailReturned tells that a mail that was accepted has not reached anybody, or was not
// wanted.
func (l *Log) MailReturned() { l.write("", sample(mailsBack, 1)) }

// Consumed tells what became of the events of an invocation, now that it is over: how many
// the consumer is done with and how many not, and of which times those are that it has
// handled.
func (l *Log) Consumed(consumer string, done, undone int, times []time.Time) {
	if l == nil {
		return
	}
	l.ages(consumer, lag, times, []values{sample(handled, done), sample(failed, undone)})
}

// ages writes how long ago times are, in as many lines as it takes, and further samples
// in the first.
func (l *Log) ages(of string, m metric, times []time.Time, further []values) {
	ages := make([]float64, len(times))
	for i, t := range times {
		ages[i] = float64(l.clock.Now().Sub(t).Milliseconds())
	}
	for chunk := range slices.Chunk(ages, maxValues) {
		l.write(of, append(further, values{m, chunk})...)
		further = nil
	}
	if len(further) > 0 {
		l.write(of, further...)
	}
}

// DeadLetter tells that a consumer has given an event up.
func (l *Log) DeadLetter(consumer string) { l.write(consumer, sample(deadLetters, 1)) }

// DeadLettersWaiting tells how many dead letters a consumer has.
func (l *Log) DeadLettersWaiting(consumer string, n int) { l.write(consumer, sample(letterDepth, n)) }

// maxValues is how many values of a metric CloudWatch takes of one line.
const maxValues = 100

// values are of one metric.
type values struct {
	metric
	values []float64
}

func sample(m metric, n int) values { return values{m, []float64{float64(n)}} }

// definition and directive are of the format's specification.
type definition struct {
	Name string
	Unit string
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

// write writes one line. All samples have the same dimension, whose value is of.
func (l *Log) write(of string, samples ...values) {
	if l == nil {
		return
	}
	d := directive{Namespace: Namespace, Dimensions: [][]string{{stage}}}
	line := map[string]any{stage: l.stage}
	if dimension := samples[0].dimension; dimension != "" {
		d.Dimensions[0] = append(d.Dimensions[0], dimension)
		line[dimension] = of
	}
	for _, s := range samples {
		d.Metrics = append(d.Metrics, definition{s.name, s.unit})
		line[s.name] = s.values
	}
	line["_aws"] = map[string]any{"Timestamp": l.clock.Now().UnixMilli(), "CloudWatchMetrics": []directive{d}}
	encoded, err := json.Marshal(line)
	if err != nil {
		return // a number that is none cannot come about
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Who cannot write its log has nowhere to say so.
	_, _ = l.w.Write(append(encoded, '\n'))
}
