package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/runtimeapi"
)

// makeInvokePolicies makes policies of the permissions on functions and aliases, which are
// for services of AWS.
func (c *Cloud) makeInvokePolicies() {
	for _, r := range c.resources("AWS::Lambda::Permission") {
		target := fmt.Sprint(r.Properties["FunctionName"])
		if f, ok := c.functions[target]; ok {
			target = f.arn
		}
		statement := map[string]any{
			"Effect": "Allow", "Action": r.Properties["Action"], "Resource": target, "Principal": map[string]any{"Service": r.Properties["Principal"]},
		}
		if from, ok := r.Properties["SourceArn"]; ok {
			statement["Condition"] = map[string]any{"ArnLike": map[string]any{"AWS:SourceArn": from}}
		}
		policy, err := iam.Parse(map[string]any{"Statement": statement})
		if err != nil {
			panic(err) // it is made here
		}
		c.policies = append(c.policies, resourcePolicy{r.Stack + " " + r.LogicalID, policy})
	}
}

// mayInvoke is whether a service may invoke a function for something that has the ARN.
func (c *Cloud) mayInvoke(service, source, target string) error {
	request := iam.Request{Action: "lambda:InvokeFunction", Resource: target, Service: service, Context: map[string]string{"aws:sourcearn": source}}
	var allowing []string
	for _, p := range c.policies {
		if iam.Allowed([]iam.Policy{p.policy}, request) && c.has(Policy, p.name) {
			allowing = append(allowing, p.name)
		}
	}
	if len(allowing) == 1 {
		c.use(Policy, allowing[0]) // others would do as well
	}
	if len(allowing) > 0 {
		return nil
	}
	return fmt.Errorf("%s may not invoke %s for %s", service, target, source)
}

// async is an invocation whose answer nobody waits for. Lambda tries again, and tells the
// function's destination of what failed for good; either way it is a problem here.
func (c *Cloud) async(ctx context.Context, target string, payload []byte, parent tracing.Link) error {
	f, err := c.find(target)
	if err != nil {
		return c.problem("%w", err)
	}
	retries, destination := 2, ""
	for _, r := range c.resources("AWS::Lambda::EventInvokeConfig") {
		var p struct {
			FunctionName, Qualifier string
			MaximumRetryAttempts    *int
			DestinationConfig       struct{ OnFailure struct{ Destination string } }
		}
		if err := reread(r.Properties, &p); err != nil {
			return err
		}
		if p.FunctionName == f.name && lastOf(target, ":") == p.Qualifier {
			destination = p.DestinationConfig.OnFailure.Destination
			if p.MaximumRetryAttempts != nil {
				retries = *p.MaximumRetryAttempts
			}
		}
	}
	for attempt := range retries + 1 {
		_, err = f.invoke(ctx, target, payload, parent)
		if err == nil {
			return nil
		}
		err = c.problem("%w", err)
		if attempt == retries && destination != "" {
			return c.dispatch(ctx, f, destination, map[string]any{
				"requestContext": map[string]any{"functionArn": target, "condition": "RetriesExhausted", "approximateInvokeCount": retries + 1},
				"requestPayload": json.RawMessage(payload), "responsePayload": map[string]any{"errorMessage": err.Error()},
			})
		}
	}
	return nil
}

// dispatch sends to the destination of failures in the name of the function.
func (c *Cloud) dispatch(ctx context.Context, f *function, queue string, record map[string]any) error {
	need := iam.Request{Action: "sqs:SendMessage", Resource: queue}
	if err := c.allows(f.role, need); err != nil {
		return c.problem("%w", err)
	}
	c.used(f.role, need)
	body, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return c.send(ctx, queue, string(body), nil, "")
}

// unwrapped is a function's own error, when it is one: API Gateway looks at those of
// authorizers.
func unwrapped(err error) error {
	if failed := (*runtimeapi.FunctionError)(nil); errors.As(err, &failed) {
		return failed
	}
	return err
}
