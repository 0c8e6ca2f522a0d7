package rules

import (
	"maps"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/stacks"
)

// mappings: what reads a queue or a stream says which records failed, and those that
// fail for good go where somebody is told.
func (v *view) mappings() {
	read := map[string]bool{}
	for _, m := range v.of("AWS::Lambda::EventSourceMapping") {
		source := str(of(m, "EventSourceArn"))
		read[source] = true
		if !slices.Contains(texts(of(m, "FunctionResponseTypes")), "ReportBatchItemFailures") {
			v.wrong(m, "Properties.FunctionResponseTypes", "without ReportBatchItemFailures a batch fails, or succeeds, as a whole")
		}
		f, is := v.function(str(of(m, "FunctionName")))
		if !is {
			v.wrong(m, "Properties.FunctionName", "there is no function %s", str(of(m, "FunctionName")))
			continue
		}
		if strings.HasPrefix(source, "arn:aws:sqs:") {
			v.queueMapping(m, source, f)
			continue
		}
		v.deadLetters(m, "Properties.DestinationConfig.OnFailure.Destination", str(of(m, "DestinationConfig", "OnFailure", "Destination")))
		if of(m, "MaximumRetryAttempts") == nil {
			v.wrong(m, "Properties.MaximumRetryAttempts", "without it one record holds up its shard until the stream forgets it")
		}
	}
	for _, q := range v.of("AWS::SQS::Queue") {
		if of(q, "RedrivePolicy") != nil && !read[q.Attributes["Arn"]] {
			v.wrong(q, "", "no function reads it")
		}
	}
}

func (v *view) queueMapping(m stacks.Resource, source string, f stacks.Resource) {
	q, is := v.byARN[source]
	if !is {
		v.wrong(m, "Properties.EventSourceArn", "there is no queue %s", source)
		return
	}
	if seen, timeout := number(of(q, "VisibilityTimeout")), number(of(f, "Timeout")); seen < 6*timeout {
		v.wrong(q, "Properties.VisibilityTimeout", "%g s is less than six times the %g s that %s may take: a message is delivered again while it is worked on", seen, timeout, f.Name)
	}
	v.deadLetters(q, "Properties.RedrivePolicy.deadLetterTargetArn", str(of(q, "RedrivePolicy", "deadLetterTargetArn")))
	if tries := number(of(q, "RedrivePolicy", "maxReceiveCount")); tries < 5 {
		v.wrong(q, "Properties.RedrivePolicy.maxReceiveCount", "%g receives are too few: throttled ones count too", tries)
	}
	if of(m, "ScalingConfig", "MaximumConcurrency") == nil {
		v.wrong(m, "Properties.ScalingConfig.MaximumConcurrency", "without it the mapping receives more than the function may take")
	}
}

// targets: what a rule could not deliver goes where somebody is told, and what it
// delivers to lets it.
func (v *view) targets() {
	for _, r := range v.of("AWS::Events::Rule") {
		for _, target := range list(of(r, "Targets")) {
			arn, dead := str(at(target, "Arn")), str(at(target, "DeadLetterConfig", "Arn"))
			v.deadLetters(r, "Properties.Targets.DeadLetterConfig.Arn", dead)
			if dead != "" {
				v.accepts(r, dead)
			}
			switch t, is := v.byARN[arn]; {
			case !is:
				v.wrong(r, "Properties.Targets.Arn", "there is no %s", arn)
			case t.Type == "AWS::SQS::Queue":
				v.accepts(r, arn)
			default:
				v.wrong(r, "Properties.Targets.Arn", "%s is no queue", arn)
			}
		}
	}
}

// accepts holds a queue to take messages from a rule.
func (v *view) accepts(r stacks.Resource, queue string) {
	for _, p := range v.of("AWS::SQS::QueuePolicy") {
		for _, s := range list(of(p, "PolicyDocument", "Statement")) {
			if str(at(s, "Effect")) == "Allow" && str(at(s, "Principal", "Service")) == "events.amazonaws.com" && slices.Contains(texts(at(s, "Action")), "sqs:SendMessage") &&
				slices.Contains(texts(at(s, "Resource")), queue) && slices.Contains(texts(at(s, "Condition", "ArnEquals", "aws:SourceArn")), r.Attributes["Arn"]) {
				return
			}
		}
	}
	v.wrong(r, "Properties.Targets", "the policy of %s lets it send nothing there", queue)
}

// schedules: they fire, what they could not invoke goes where somebody is told, and each
// has a role that may do both and nothing else.
func (v *view) schedules() {
	for _, s := range v.of("AWS::Scheduler::Schedule") {
		if str(of(s, "State")) != "ENABLED" {
			v.wrong(s, "Properties.State", "it does not say that it fires")
		}
		target, dead := str(of(s, "Target", "Arn")), str(of(s, "Target", "DeadLetterConfig", "Arn"))
		v.deadLetters(s, "Properties.Target.DeadLetterConfig.Arn", dead)
		if v.byARN[target].Type != "AWS::Lambda::Alias" {
			v.wrong(s, "Properties.Target.Arn", "%s is no function's alias", target)
		}
		role := v.byARN[str(of(s, "Target", "RoleArn"))]
		if role.Type != "AWS::IAM::Role" || role.Stack != s.Stack {
			v.wrong(s, "Properties.Target.RoleArn", "its role is not its stack's")
			continue
		}
		for _, trusted := range list(of(role, "AssumeRolePolicyDocument", "Statement")) {
			if by := str(at(trusted, "Principal", "Service")); by != "scheduler.amazonaws.com" {
				v.wrong(role, "Properties.AssumeRolePolicyDocument", "it is %s's role, and %q may take it", s.LogicalID, by)
			}
		}
		needed := []string{"lambda:InvokeFunction on " + target, "sqs:SendMessage on " + dead}
		var allowed []string
		for _, one := range statements(role) {
			for _, action := range one.actions {
				for _, resource := range one.resources {
					allowed = append(allowed, action+" on "+resource)
				}
			}
		}
		if slices.Sort(allowed); !slices.Equal(allowed, needed) {
			v.wrong(role, "Properties.Policies", "%s needs %v, and it has %v", s.LogicalID, needed, allowed)
		}
	}
}

// asynchronous: a function that is invoked without anybody waiting for its answer says
// where what fails goes.
func (v *view) asynchronous() {
	invoked := map[string]stacks.Resource{}
	for _, s := range v.of("AWS::Scheduler::Schedule") {
		invoked[str(of(s, "Target", "Arn"))] = s
	}
	for _, api := range v.of("AWS::ApiGateway::RestApi") {
		for _, uri := range asynchronousURIs(of(api, "Body")) {
			for _, f := range v.of("AWS::Lambda::Function") {
				if strings.Contains(uri, f.Attributes["Arn"]+":") || strings.Contains(uri, f.Attributes["Arn"]+"/") {
					invoked[f.Attributes["Arn"]+":live"] = api
				}
			}
		}
	}
	for arn, by := range invoked {
		f, is := v.function(arn)
		if !is {
			continue // told by schedules
		}
		dead := ""
		for _, c := range v.of("AWS::Lambda::EventInvokeConfig") {
			if str(of(c, "FunctionName")) == f.Name && strings.HasSuffix(arn, ":"+str(of(c, "Qualifier"))) {
				dead = str(of(c, "DestinationConfig", "OnFailure", "Destination"))
			}
		}
		if dead == "" {
			v.wrong(f, "EventInvokeConfig", "%s invokes it asynchronously, and nobody is told what fails", by.LogicalID)
			continue
		}
		v.deadLetters(f, "EventInvokeConfig", dead)
	}
}

// asynchronousURIs are those of integrations that do not wait.
func asynchronousURIs(document any) []string {
	var found []string
	switch d := document.(type) {
	case map[string]any:
		if kind, is := at(d, "requestParameters", "integration.request.header.X-Amz-Invocation-Type").(string); is && kind == "'Event'" {
			found = append(found, str(d["uri"]))
		}
		for _, key := range slices.Sorted(maps.Keys(d)) {
			found = append(found, asynchronousURIs(d[key])...)
		}
	case []any:
		for _, item := range d {
			found = append(found, asynchronousURIs(item)...)
		}
	}
	return found
}

// deadLetters holds a hop to have a queue for what fails, and an alarm on it.
func (v *view) deadLetters(r stacks.Resource, path, arn string) {
	q, is := v.byARN[arn]
	switch {
	case arn == "":
		v.wrong(r, path, "what fails for good is lost: it goes to no queue")
	case !is || q.Type != "AWS::SQS::Queue":
		v.wrong(r, path, "there is no queue %s", arn)
	case !slices.ContainsFunc(v.of("AWS::CloudWatch::Alarm"), func(a stacks.Resource) bool {
		return str(of(a, "MetricName")) == "ApproximateNumberOfMessagesVisible" && dimension(a, "QueueName") == q.Name
	}):
		v.wrong(q, "", "nobody is told that there is something in it: no alarm looks at ApproximateNumberOfMessagesVisible")
	}
}

// queues: they are encrypted, and dead letters are kept for as long as there is.
func (v *view) queues() {
	dead := map[string]bool{}
	for _, q := range v.of("AWS::SQS::Queue") {
		if arn := str(of(q, "RedrivePolicy", "deadLetterTargetArn")); arn != "" {
			dead[arn] = true
		}
	}
	const most = 14 * 24 * 60 * 60 // seconds; the most there is
	for _, q := range v.of("AWS::SQS::Queue") {
		if !yes(of(q, "SqsManagedSseEnabled")) && of(q, "KmsMasterKeyId") == nil {
			v.wrong(q, "Properties.SqsManagedSseEnabled", "it is not encrypted")
		}
		if (dead[q.Attributes["Arn"]] || strings.HasSuffix(q.Name, "-dlq")) && number(of(q, "MessageRetentionPeriod")) != most {
			v.wrong(q, "Properties.MessageRetentionPeriod", "dead letters are kept for less than 14 days")
		}
	}
}

// patterns: rules on the mesh's bus choose what asyncapi.yaml says that a consumer gets,
// which the code is held to as well.
func (v *view) patterns() {
	chosen := map[string][]string{}
	for _, r := range v.of("AWS::Events::Rule") {
		if of(r, "EventBusName") == nil {
			continue // what AWS tells the account
		}
		types := texts(of(r, "EventPattern", "detail-type"))
		if len(types) == 0 {
			v.wrong(r, "Properties.EventPattern.detail-type", "it names no types of events")
		}
		for _, kind := range types {
			if parts := strings.Split(kind, "."); len(parts) < 2 || !slices.Contains(texts(of(r, "EventPattern", "source")), strings.Join(parts[:2], ".")) {
				v.wrong(r, "Properties.EventPattern.source", "%s comes from no source that it names", kind)
			}
		}
		for _, target := range list(of(r, "Targets")) {
			q := v.byARN[str(at(target, "Arn"))]
			consumer := strings.TrimPrefix(q.Name, "ticketmesh-"+v.Stage+"-")
			chosen[consumer] = append(chosen[consumer], types...)
			want, is := v.Consumers[consumer]
			if !is {
				v.wrong(r, "Properties.Targets.Arn", "asyncapi.yaml has no consumer %s", consumer)
				continue
			}
			got, want := slices.Sorted(slices.Values(types)), slices.Sorted(slices.Values(want))
			if !slices.Equal(got, want) {
				v.wrong(r, "Properties.EventPattern.detail-type", "%s gets %v, and asyncapi.yaml says %v", consumer, got, want)
			}
		}
	}
	for _, consumer := range slices.Sorted(maps.Keys(v.Consumers)) {
		if _, is := chosen[consumer]; !is {
			service, _, _ := strings.Cut(consumer, "-")
			v.wrong(stacks.Resource{Stack: service}, "", "no rule has events for %s", consumer)
		}
	}
}
