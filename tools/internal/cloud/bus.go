package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/tools/internal/pattern"
	"ticketmesh.dev/tools/internal/stacks"
)

const eventBridge = "events.amazonaws.com"

// defaultBus is what every account has.
const defaultBus = "default"

// rule is a rule of a bus: it delivers what matches its pattern.
type rule struct {
	name    string
	arn     string
	bus     string
	pattern *pattern.Pattern
	targets []target
}

type target struct {
	ID               string `json:"Id"`
	ARN              string `json:"Arn"`
	DeadLetterConfig struct {
		ARN string `json:"Arn"`
	}
}

// knownOfTargets are the properties of targets that are played.
var knownOfTargets = []string{"Id", "Arn", "DeadLetterConfig", "RetryPolicy"}

func (c *Cloud) makeBus(ctx context.Context) error {
	if err := c.makeQueues(ctx); err != nil {
		return err
	}
	for _, r := range c.resources("AWS::Events::EventBus") {
		if err := c.emulator.call(ctx, "AWSEvents.CreateEventBus", map[string]any{"Name": r.PhysicalID}, nil); err != nil {
			return err
		}
	}
	for _, r := range c.resources("AWS::Events::Rule") {
		made, err := newRule(r)
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.Stack, r.LogicalID, err)
		}
		c.rules = append(c.rules, made)
	}
	return nil
}

func newRule(r stacks.Resource) (*rule, error) {
	var p struct {
		EventBusName, ScheduleExpression, State string
		EventPattern                            any
		Targets                                 []map[string]any
	}
	if err := reread(r.Properties, &p); err != nil {
		return nil, err
	}
	if p.State != "" && p.State != "ENABLED" {
		return nil, fmt.Errorf("a rule that is %s is not played here", p.State)
	}
	if p.ScheduleExpression != "" {
		return nil, errors.New("schedules are the Scheduler's")
	}
	made := &rule{name: r.Name, bus: defaultBus}
	// A rule of the default bus has no bus in its ARN.
	made.arn = arn("events", "rule/"+r.Name)
	if p.EventBusName != "" && p.EventBusName != defaultBus {
		made.bus = lastOf(p.EventBusName, "/")
		made.arn = arn("events", "rule/"+made.bus+"/"+r.Name)
	}
	if p.EventPattern != nil {
		parsed, err := pattern.Parse(p.EventPattern)
		if err != nil {
			return nil, err
		}
		made.pattern = &parsed
	}
	for _, given := range p.Targets {
		for name := range given {
			if !slices.Contains(knownOfTargets, name) {
				return nil, fmt.Errorf("%s of a target is not played here", name)
			}
		}
		var t target
		if err := reread(given, &t); err != nil {
			return nil, err
		}
		made.targets = append(made.targets, t)
	}
	return made, nil
}

// deliver gives the events of a request, which the bus has taken, to the rules.
func (c *Cloud) deliver(ctx context.Context, request, response []byte) error {
	var in struct {
		Entries []struct {
			EventBusName, Source, DetailType, Detail, TraceHeader string
			Time                                                  json.Number
		}
	}
	var out struct {
		Entries []struct{ EventId string }
	}
	if err := json.Unmarshal(request, &in); err != nil {
		return err
	}
	if err := json.Unmarshal(response, &out); err != nil {
		return err
	}
	for i, e := range in.Entries {
		if i >= len(out.Entries) || out.Entries[i].EventId == "" {
			continue // it was refused
		}
		at := time.Now()
		if seconds, err := strconv.ParseFloat(string(e.Time), 64); err == nil {
			at = time.Unix(int64(seconds), 0)
		}
		event, err := newEvent(out.Entries[i].EventId, e.Source, e.DetailType, at, json.RawMessage(e.Detail))
		if err != nil {
			return err
		}
		if err := c.publish(ctx, lastOf(e.EventBusName, "/"), event, e.TraceHeader); err != nil {
			return err
		}
	}
	return nil
}

// newEvent is an event as EventBridge delivers it, which knows seconds only.
func newEvent(eventID, source, detailType string, at time.Time, detail json.RawMessage) ([]byte, error) {
	return json.Marshal(map[string]any{
		"version": "0", "id": eventID, "detail-type": detailType, "source": source, "account": stacks.AccountID, "time": at.UTC().Format(time.RFC3339),
		"region": stacks.Region, "resources": []string{}, "detail": detail,
	})
}

// Tell puts an event of a service of AWS, for instance aws.ses, on the default bus.
func (c *Cloud) Tell(ctx context.Context, source, detailType string, detail []byte) error {
	event, err := newEvent(id.New().String(), source, detailType, time.Now(), detail)
	if err != nil {
		return err
	}
	return c.publish(ctx, defaultBus, event, "")
}

// publish delivers an event by the rules of a bus that match it.
func (c *Cloud) publish(ctx context.Context, bus string, event []byte, trace string) error {
	var decoded any
	if err := json.Unmarshal(event, &decoded); err != nil {
		return err
	}
	c.keep(bus, decoded)
	for _, r := range c.rules {
		if r.bus != bus || r.pattern == nil || !r.pattern.Matches(decoded) || !c.use(Rule, r.name) {
			continue
		}
		for _, t := range r.targets {
			if err := c.aim(ctx, r, t, event, trace); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep puts an event into the bus's archive, when that wants it.
func (c *Cloud) keep(bus string, event any) {
	for _, r := range c.resources("AWS::Events::Archive") {
		wanted, err := pattern.Parse(r.Properties["EventPattern"])
		if err != nil || lastOf(fmt.Sprint(r.Properties["SourceArn"]), "/") != bus || !wanted.Matches(event) {
			continue
		}
		object, _ := event.(map[string]any)
		c.mu.Lock()
		c.archive = append(c.archive, fmt.Sprint(object["detail-type"]))
		c.mu.Unlock()
	}
}

// Archived is how many events of a type the bus's archive has.
func (c *Cloud) Archived(eventType string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, kept := range c.archive {
		if kept == eventType {
			n++
		}
	}
	return n
}

// Delivered is how many events a rule has delivered so far.
func (c *Cloud) Delivered(rule string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.delivered[rule]
}

// aim delivers an event to a target, which is a queue. What the queue's policy does not
// let in goes to the target's dead letters, if their policy lets it in there; AWS tries
// for a day before.
func (c *Cloud) aim(ctx context.Context, r *rule, t target, event []byte, trace string) error {
	if !strings.Contains(t.ARN, ":sqs:") {
		return fmt.Errorf("%s: events are delivered to queues only, and whole", r.name)
	}
	q, ok := c.queues[t.ARN]
	if !ok {
		return fmt.Errorf("%s: there is no queue %s", r.name, t.ARN)
	}
	refused := c.takes(q, eventBridge, r.arn)
	if refused == nil {
		c.mu.Lock()
		c.delivered[r.name]++
		c.mu.Unlock()
		return c.send(ctx, q.arn, string(event), nil, trace)
	}
	_ = c.problem("not delivered: %w", refused)
	return c.bury(ctx, r, t, event, refused)
}

// bury sends an event to its target's dead letters, as EventBridge does.
func (c *Cloud) bury(ctx context.Context, r *rule, t target, event []byte, reason error) error {
	letters, ok := c.queues[t.DeadLetterConfig.ARN]
	if !ok {
		return nil // it is lost
	}
	if err := c.takes(letters, eventBridge, r.arn); err != nil {
		return c.problem("lost: %w", err)
	}
	return c.send(ctx, letters.arn, string(event), map[string]string{"RULE_ARN": r.arn, "TARGET_ARN": t.ARN, "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": reason.Error()}, "")
}
