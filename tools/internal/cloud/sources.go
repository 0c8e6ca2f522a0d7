package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/pattern"
)

// source is a mapping: what a function is invoked for from a queue or a table's stream.
type source struct {
	cloud    *Cloud
	name     string // of the part
	function *function
	target   string // the ARN, of the function or an alias
	from     feed

	batch       int
	partial     bool // whether it is listened to which records have failed
	bisect      bool
	retries     int // of a stream's records; -1 is without end
	destination string
	filters     []pattern.Pattern
}

// feed is where records come from.
type feed interface {
	// needs are what the function's role has to be allowed.
	needs() []iam.Request
	// pass takes one batch and reports whether there was one.
	pass(ctx context.Context, s *source) (bool, error)
	// again brings back what has failed, when there is some.
	again(ctx context.Context) (bool, error)
	// reset drops what there is.
	reset(ctx context.Context) error
}

// mapping is what a template says.
type mapping struct {
	FunctionName, EventSourceArn, StartingPosition string
	BatchSize                                      int
	Enabled                                        *bool
	FunctionResponseTypes                          []string
	BisectBatchOnFunctionError                     bool
	MaximumRetryAttempts                           *int
	DestinationConfig                              struct{ OnFailure struct{ Destination string } }
	FilterCriteria                                 struct{ Filters []struct{ Pattern string } }
}

func (c *Cloud) makeSources(ctx context.Context) error {
	for _, r := range c.resources("AWS::Lambda::EventSourceMapping") {
		var p mapping
		if err := reread(r.Properties, &p); err != nil {
			return err
		}
		made, err := c.newSource(ctx, p)
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.Stack, r.LogicalID, err)
		}
		c.sources = append(c.sources, made)
	}
	return nil
}

func (c *Cloud) newSource(ctx context.Context, p mapping) (*source, error) {
	f, err := c.find(p.FunctionName)
	if err != nil {
		return nil, err
	}
	if p.Enabled != nil && !*p.Enabled {
		return nil, errors.New("a mapping that is off is not played here")
	}
	s := &source{
		cloud: c, function: f, target: p.FunctionName, batch: p.BatchSize, partial: slices.Contains(p.FunctionResponseTypes, "ReportBatchItemFailures"),
		bisect: p.BisectBatchOnFunctionError, retries: -1, destination: p.DestinationConfig.OnFailure.Destination,
	}
	if s.batch == 0 {
		s.batch = 10
	}
	if p.MaximumRetryAttempts != nil {
		s.retries = *p.MaximumRetryAttempts
	}
	for _, filter := range p.FilterCriteria.Filters {
		parsed, err := pattern.Parse(filter.Pattern)
		if err != nil {
			return nil, err
		}
		s.filters = append(s.filters, parsed)
	}
	if table, _, ok := strings.Cut(p.EventSourceArn, "/stream/"); ok {
		s.name = f.name + " <- " + lastOf(table, "/")
		s.from, err = c.newStream(ctx, lastOf(table, "/"), p.EventSourceArn)
		return s, err
	}
	q, ok := c.queues[p.EventSourceArn]
	if !ok {
		return nil, fmt.Errorf("there is no %s", p.EventSourceArn)
	}
	if len(s.filters) > 0 {
		return nil, errors.New("filters of a queue's mapping are not played here")
	}
	s.name, s.from = f.name+" <- "+q.name, &inbox{cloud: c, queue: q}
	return s, nil
}

// pass passes on one batch and reports whether there was one.
func (s *source) pass(ctx context.Context) (bool, error) {
	if !s.cloud.has(Mapping, s.name) {
		return false, nil
	}
	if err := s.cloud.allows(s.function.role, s.from.needs()...); err != nil {
		return false, s.cloud.problem("denied: %w", err)
	}
	moved, err := s.from.pass(ctx, s)
	if moved {
		s.cloud.use(Mapping, s.name)
		s.cloud.used(s.function.role, s.from.needs()...)
	}
	return moved, err
}

// invoke has the function take records, and returns the ids of those that have failed.
// all is whether it is all of them.
func (s *source) invoke(ctx context.Context, records []map[string]any) (failed []string, all bool) {
	payload, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		_ = s.cloud.problem("%w", err)
		return nil, true
	}
	answer, err := s.function.invoke(ctx, s.target, payload, tracing.Link{})
	if err != nil {
		_ = s.cloud.problem("%w", err)
		return nil, true
	}
	if !s.partial {
		return nil, false
	}
	var said struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil, false // what is no such answer counts as success
	}
	for _, f := range said.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	if len(failed) > 0 {
		_ = s.cloud.problem("%s has not handled %d of %d records", s.name, len(failed), len(records))
	}
	return failed, false
}

// meant is whether a record passes the filters.
func (s *source) meant(record any) bool {
	return len(s.filters) == 0 || slices.ContainsFunc(s.filters, func(p pattern.Pattern) bool { return p.Matches(record) })
}
