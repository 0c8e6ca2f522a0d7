package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"

	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/stacks"
)

// queue is a queue of the account.
type queue struct {
	name     string
	arn      string
	url      string // the emulator's
	policies []resourcePolicy
	filled   atomic.Bool // there may be messages
}

// queueAttributes are properties that SQS has as attributes by the same names.
var queueAttributes = []string{"VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "FifoQueue", "ContentBasedDeduplication"}

func (c *Cloud) makeQueues(ctx context.Context) error {
	for _, r := range c.resources("AWS::SQS::Queue") {
		attributes := map[string]string{}
		for _, name := range queueAttributes {
			if value, ok := r.Properties[name]; ok {
				attributes[name] = plain(value)
			}
		}
		var out struct{ QueueUrl string }
		if err := c.emulator.call(ctx, "AmazonSQS.CreateQueue", map[string]any{"QueueName": r.Name, "Attributes": attributes}, &out); err != nil {
			return err
		}
		c.queues[r.Attributes["Arn"]] = &queue{name: r.Name, arn: r.Attributes["Arn"], url: out.QueueUrl}
	}
	for _, r := range c.resources("AWS::SQS::Queue") {
		redrive, ok := r.Properties["RedrivePolicy"]
		if !ok {
			continue
		}
		text, err := json.Marshal(redrive)
		if err != nil {
			return err
		}
		if err := c.emulator.call(ctx, "AmazonSQS.SetQueueAttributes", map[string]any{
			"QueueUrl": c.queues[r.Attributes["Arn"]].url, "Attributes": map[string]string{"RedrivePolicy": string(text)},
		}, nil); err != nil {
			return err
		}
	}
	for _, r := range c.resources("AWS::SQS::QueuePolicy") {
		var p struct {
			PolicyDocument any
			Queues         []string
		}
		if err := reread(r.Properties, &p); err != nil {
			return err
		}
		policy, err := iam.Parse(p.PolicyDocument)
		if err != nil {
			return fmt.Errorf("%s: %w", r.LogicalID, err)
		}
		for _, url := range p.Queues {
			q, ok := c.queues[arn("sqs", lastOf(url, "/"))]
			if !ok {
				return fmt.Errorf("%s is of %s, which there is not", r.LogicalID, url)
			}
			q.policies = append(q.policies, resourcePolicy{r.Stack + " " + r.LogicalID, policy})
		}
	}
	return nil
}

// takes is nil when the queue's policies let a service send for what has the ARN.
func (c *Cloud) takes(q *queue, service, source string) error {
	request := iam.Request{
		Action: "sqs:SendMessage", Resource: q.arn, Service: service, Context: map[string]string{"aws:sourcearn": source, "aws:securetransport": "true", "aws:sourceaccount": stacks.AccountID},
	}
	if slices.ContainsFunc(q.policies, func(p resourcePolicy) bool {
		return iam.Allowed([]iam.Policy{p.policy}, request) && c.use(Policy, p.name)
	}) {
		return nil
	}
	return fmt.Errorf("%s may not send to %s for %s", service, q.name, source)
}

// fill notes that there may be something in a queue.
func (c *Cloud) fill(q *queue) {
	q.filled.Store(true)
	c.mu.Lock()
	c.sent = true
	c.mu.Unlock()
}

// send sends a message, with attributes and a trace's header if there are any.
func (c *Cloud) send(ctx context.Context, to, body string, attributes map[string]string, trace string) error {
	q, ok := c.queues[to]
	if !ok {
		return fmt.Errorf("there is no queue %s", to)
	}
	text := func(value string) map[string]string {
		return map[string]string{"DataType": "String", "StringValue": value}
	}
	in := map[string]any{"QueueUrl": q.url, "MessageBody": body}
	if trace != "" {
		in["MessageSystemAttributes"] = map[string]any{"AWSTraceHeader": text(trace)}
	}
	if len(attributes) > 0 {
		given := map[string]any{}
		for name, value := range attributes {
			given[name] = text(value)
		}
		in["MessageAttributes"] = given
	}
	defer c.fill(q)
	return c.emulator.call(ctx, "AmazonSQS.SendMessage", in, nil)
}

// Take takes what a queue has that no mapping reads, by its name.
func (c *Cloud) Take(ctx context.Context, name string) (bodies []string, err error) {
	q, ok := c.queues[arn("sqs", name)]
	if !ok {
		return nil, fmt.Errorf("there is no queue %s", name)
	}
	for {
		var out struct{ Messages []message }
		if err := c.emulator.call(ctx, "AmazonSQS.ReceiveMessage", map[string]any{"QueueUrl": q.url, "MaxNumberOfMessages": maxReceive}, &out); err != nil || len(out.Messages) == 0 {
			return bodies, err
		}
		for _, m := range out.Messages {
			bodies = append(bodies, m.Body)
			if err := c.emulator.call(ctx, "AmazonSQS.DeleteMessage", map[string]any{"QueueUrl": q.url, "ReceiptHandle": m.ReceiptHandle}, nil); err != nil {
				return nil, err
			}
		}
	}
}
