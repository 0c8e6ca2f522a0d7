package contracttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"ticketmesh.dev/contracts/asyncapi"
)

// Subscribed holds the service's CloudFormation template, a file, to what the
// service subscribes to in its code, as event types by the consumer's queue, and
// to asyncapi.yaml: all three are the same. In the template a consumer is a rule
// on the mesh's bus that chooses by source and type alone and sends what it gets
// to the queue of that name. So that nothing is lost on the way, rule and queue
// have dead letters, both queues take messages from that rule and no other, and
// there are alarms on the dead letters and on what waits too long.
func Subscribed(t TB, service, file string, code map[string][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	documented, err := asyncapi.Consumers()
	if err != nil {
		t.Fatalf("%v", err)
	}
	maps.DeleteFunc(documented, func(queue string, _ []string) bool { return !strings.HasPrefix(queue, service+"-") })
	publishers, err := publishers()
	if err != nil {
		t.Fatalf("%v", err)
	}
	s := stack{service: service, publishers: publishers}
	if s.template, err = readTemplate(text); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	inTemplate, breaches := s.consumers()
	breaches = append(breaches, differences(documented, "asyncapi.yaml", code, "the code")...)
	breaches = append(breaches, differences(documented, "asyncapi.yaml", inTemplate, "the template")...)
	for _, breach := range breaches {
		t.Errorf("%s: %s", file, breach)
	}
}

// differences compares what two say of the types of each queue.
func differences(a map[string][]string, of string, b map[string][]string, with string) []string {
	queues := map[string]bool{}
	for queue := range a {
		queues[queue] = true
	}
	for queue := range b {
		queues[queue] = true
	}
	var found []string
	for _, queue := range slices.Sorted(maps.Keys(queues)) {
		in, out := slices.Sorted(slices.Values(a[queue])), slices.Sorted(slices.Values(b[queue]))
		if !slices.Equal(in, out) {
			found = append(found, fmt.Sprintf("%s gets %v in %s and %v in %s", queue, in, of, out, with))
		}
	}
	return found
}

// What all consumers have alike.
const (
	busName = "{{resolve:ssm:/ticketmesh/${Stage}/bus-name}}"
	// namePrefix makes the name of a queue, and of its rule, of the consumer's.
	namePrefix      = "ticketmesh-${Stage}-"
	maxReceives     = 8 // as the embedded bus
	retention       = 14 * 24 * 60 * 60
	deadLetterAlarm = "ApproximateNumberOfMessagesVisible"
	lateAlarm       = "ApproximateAgeOfOldestMessage"
)

// stack is the template of a service.
type stack struct {
	template
	service    string
	publishers map[string][]string // types by service
}

type rule struct {
	Name               reference
	EventBusName       reference
	State              string
	EventPattern       map[string]json.RawMessage
	ScheduleExpression string
	Targets            []struct {
		Arn                                reference
		Input, InputPath, InputTransformer json.RawMessage
		DeadLetterConfig                   struct{ Arn reference }
		RetryPolicy                        struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
	}
}

type queue struct {
	QueueName                                 reference
	VisibilityTimeout, MessageRetentionPeriod int
	SqsManagedSseEnabled                      bool
	RedrivePolicy                             struct {
		DeadLetterTargetArn reference `json:"deadLetterTargetArn"`
		MaxReceiveCount     int       `json:"maxReceiveCount"`
	}
}

// consumers returns the types by queue, and what is wrong with any of them.
func (s stack) consumers() (types map[string][]string, breaches []string) {
	types = map[string][]string{}
	for _, name := range s.of("AWS::Events::Rule") {
		r, err := read[rule](s.template, name)
		if err != nil {
			breaches = append(breaches, err.Error())
			continue
		}
		if r.ScheduleExpression != "" && len(r.EventPattern) == 0 {
			continue // a timer
		}
		if r.ofAWS() {
			continue // what AWS tells the account is no event of the mesh
		}
		chosen, errs := s.rule(r)
		for i := range errs {
			errs[i] = name + ": " + errs[i]
		}
		breaches = append(breaches, errs...)
		for _, target := range r.Targets {
			q := target.Arn.att[0]
			consumer, errs := s.queue(name, q, target.DeadLetterConfig.Arn)
			breaches = append(breaches, errs...)
			if _, twice := types[consumer]; twice {
				breaches = append(breaches, name+": "+consumer+" has another rule")
			}
			types[consumer] = chosen
			if consumer != "" && r.Name.text != namePrefix+consumer {
				breaches = append(breaches, fmt.Sprintf("%s: is called %q, want %q", name, r.Name.text, namePrefix+consumer))
			}
		}
	}
	for _, name := range s.of("AWS::Serverless::Function") {
		f, err := read[struct {
			Events map[string]struct{ Type string }
		}](s.template, name)
		if err != nil {
			breaches = append(breaches, err.Error())
		}
		for event, source := range f.Events {
			if source.Type == "EventBridgeRule" || source.Type == "CloudWatchEvent" {
				breaches = append(breaches, fmt.Sprintf("%s: %s takes events past the queues", name, event))
			}
		}
	}
	return types, breaches
}

// ofAWS says whether the rule is on the account's default bus and chooses nothing
// but events of AWS's services.
func (r rule) ofAWS() bool {
	var sources []string
	return r.EventBusName == (reference{}) && json.Unmarshal(r.EventPattern["source"], &sources) == nil && len(sources) > 0 &&
		!slices.ContainsFunc(sources, func(source string) bool { return !strings.HasPrefix(source, "aws.") })
}

// rule returns the types that a rule chooses.
func (s stack) rule(r rule) (types, breaches []string) {
	breach := func(format string, args ...any) { breaches = append(breaches, fmt.Sprintf(format, args...)) }
	if r.EventBusName.text != busName {
		breach("is not on the mesh's bus, %s", busName)
	}
	if r.State != "" && r.State != "ENABLED" {
		breach("is %s", r.State)
	}
	var sources []string
	for _, key := range slices.Sorted(maps.Keys(r.EventPattern)) {
		into := map[string]*[]string{"source": &sources, "detail-type": &types}[key]
		switch {
		case into == nil:
			breach("the pattern is narrowed by %s", key)
		case json.Unmarshal(r.EventPattern[key], into) != nil:
			breach("%s of the pattern is not a list of names", key)
		}
	}
	var publishers []string
	for service, published := range s.publishers {
		if slices.ContainsFunc(types, func(eventType string) bool { return slices.Contains(published, eventType) }) {
			publishers = append(publishers, "ticketmesh."+service)
		}
	}
	slices.Sort(publishers)
	slices.Sort(sources)
	if !slices.Equal(sources, publishers) {
		breach("source of the pattern is %v, but the types are published by %v", sources, publishers)
	}
	if len(r.Targets) != 1 {
		breach("has %d targets, want the queue alone", len(r.Targets))
	}
	for _, target := range r.Targets {
		if target.Input != nil || target.InputPath != nil || target.InputTransformer != nil {
			breach("changes the message")
		}
		if target.RetryPolicy.MaximumEventAgeInSeconds == 0 || target.RetryPolicy.MaximumRetryAttempts == 0 {
			breach("has no retry policy")
		}
	}
	return types, breaches
}

// queue returns the consumer that reads the queue which a rule sends to, and
// what is wrong with the queue and its dead letters.
func (s stack) queue(from, name string, undelivered reference) (consumer string, breaches []string) {
	breach := func(format string, args ...any) { breaches = append(breaches, fmt.Sprintf(format, args...)) }
	if s.Resources[name].Type != "AWS::SQS::Queue" {
		breach("%s: its target %q is no queue of this template", from, name)
		return "", breaches
	}
	q, err := read[queue](s.template, name)
	if err != nil {
		return "", []string{err.Error()}
	}
	consumer, ok := strings.CutPrefix(q.QueueName.text, namePrefix)
	if !ok {
		breach("%s: is called %q, want %s and the consumer", name, q.QueueName.text, namePrefix)
	}
	if q.VisibilityTimeout == 0 {
		breach("%s: has no visibility timeout", name)
	}
	if q.RedrivePolicy.MaxReceiveCount != maxReceives {
		breach("%s: a message is tried %d times, want %d as on the embedded bus", name, q.RedrivePolicy.MaxReceiveCount, maxReceives)
	}
	dead := q.RedrivePolicy.DeadLetterTargetArn.att[0]
	if !q.RedrivePolicy.DeadLetterTargetArn.is(dead, "Arn") || s.Resources[dead].Type != "AWS::SQS::Queue" || dead == name {
		breach("%s: has no dead-letter queue", name)
		return consumer, breaches
	}
	if !undelivered.is(dead, "Arn") {
		breach("%s: what cannot be delivered does not go to %s", from, dead)
	}
	for _, each := range []string{name, dead} {
		q, err := read[queue](s.template, each)
		if err != nil {
			breach("%v", err)
			continue
		}
		if q.MessageRetentionPeriod != retention {
			breach("%s: keeps messages for %d s, want %d", each, q.MessageRetentionPeriod, retention)
		}
		if !q.SqsManagedSseEnabled {
			breach("%s: is not encrypted", each)
		}
		breaches = append(breaches, s.senders(each, from)...)
	}
	for _, alarm := range []struct{ metric, of string }{{deadLetterAlarm, dead}, {lateAlarm, name}} {
		if !s.alarmed(alarm.metric, alarm.of) {
			breach("%s: no alarm on %s", alarm.of, alarm.metric)
		}
	}
	for of, parameter := range map[string]string{name: consumer, dead: consumer + "-dlq"} {
		if want := "/ticketmesh/${Stage}/" + s.service + "/" + parameter + "-arn"; !s.told(want, of) {
			breach("%s: no parameter %s", of, want)
		}
	}
	slices.Sort(breaches)
	return consumer, breaches
}

type queuePolicy struct {
	Queues         []reference
	PolicyDocument struct{ Statement list[statement] }
}

type statement struct {
	Effect    string
	Principal json.RawMessage
	Action    list[string]
	Resource  list[reference]
	Condition struct {
		ArnEquals map[string]list[reference]
	}
}

// senders checks that the queue takes messages from the rule and nobody else.
func (s stack) senders(queue, rule string) (breaches []string) {
	allowed := false
	for _, name := range s.of("AWS::SQS::QueuePolicy") {
		p, err := read[queuePolicy](s.template, name)
		if err != nil {
			breaches = append(breaches, err.Error())
			continue
		}
		if !slices.ContainsFunc(p.Queues, func(r reference) bool { return r.ref == queue }) {
			continue
		}
		for _, st := range p.PolicyDocument.Statement {
			if st.Effect != "Allow" {
				continue
			}
			var principal struct{ Service string }
			sources := st.Condition.ArnEquals["aws:SourceArn"]
			if json.Unmarshal(st.Principal, &principal) != nil || principal.Service != "events.amazonaws.com" ||
				len(sources) != 1 || !sources[0].is(rule, "Arn") || !slices.Equal(st.Action, list[string]{"sqs:SendMessage"}) {
				breaches = append(breaches, fmt.Sprintf("%s: %s lets others in than %s", queue, name, rule))
				continue
			}
			allowed = allowed || slices.ContainsFunc(st.Resource, func(r reference) bool { return r.is(queue, "Arn") })
		}
	}
	if !allowed {
		breaches = append(breaches, fmt.Sprintf("%s: no policy lets %s in", queue, rule))
	}
	return breaches
}

type alarm struct {
	Namespace, MetricName, ComparisonOperator string
	Dimensions                                []struct {
		Name  string
		Value reference
	}
	Period, EvaluationPeriods int
	Threshold                 *float64
}

func (s stack) alarmed(metric, queue string) bool {
	return slices.ContainsFunc(s.of("AWS::CloudWatch::Alarm"), func(name string) bool {
		a, err := read[alarm](s.template, name)
		return err == nil && a.Namespace == "AWS/SQS" && a.MetricName == metric &&
			strings.HasPrefix(a.ComparisonOperator, "GreaterThan") && a.Threshold != nil && a.Period > 0 && a.EvaluationPeriods > 0 &&
			len(a.Dimensions) == 1 && a.Dimensions[0].Name == "QueueName" && a.Dimensions[0].Value.is(queue, "QueueName")
	})
}

// told says whether a parameter holds the ARN of the queue.
func (s stack) told(parameter, queue string) bool {
	return slices.ContainsFunc(s.of("AWS::SSM::Parameter"), func(name string) bool {
		p, err := read[struct{ Name, Value reference }](s.template, name)
		return err == nil && p.Name.text == parameter && p.Value.is(queue, "Arn")
	})
}
