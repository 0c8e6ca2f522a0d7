package iam_test

import (
	"testing"

	"ticketmesh.dev/tools/internal/iam"
)

const (
	table = "arn:aws:dynamodb:eu-central-1:123456789012:table/tickets"
	queue = "arn:aws:sqs:eu-central-1:123456789012:orders"
	rule  = "arn:aws:events:eu-central-1:123456789012:rule/bus/orders"
)

func TestPoliciesAreDecidedAsIAMDoes(t *testing.T) {
	t.Parallel()
	const (
		reads  = `{"Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Batch*"], "Resource": "` + table + `"}]}`
		events = `{"Statement": {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*", "Condition": {"StringEquals": {"events:source": ["ticketmesh.info"]}}}}`
		ec2    = `{"Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
			{"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:function:api"}}}]}`
		onQueue = `{"Version": "2012-10-17", "Statement": [
			{"Sid": "Rule", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": ["` + queue + `"], "Condition": {"ArnEquals": {"aws:SourceArn": "` + rule + `"}}},
			{"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "` + queue + `", "Condition": {"Bool": {"aws:SecureTransport": false}}}]}`
	)
	context := func(pairs ...string) map[string]string {
		c := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			c[pairs[i]] = pairs[i+1]
		}
		return c
	}
	for _, tt := range []struct {
		name   string
		policy string
		give   iam.Request
		want   bool
	}{
		{"an action that is named", reads, iam.Request{Action: "dynamodb:GetItem", Resource: table}, true},
		{"in other letters", reads, iam.Request{Action: "DynamoDB:getitem", Resource: table}, true},
		{"one of a pattern", reads, iam.Request{Action: "dynamodb:BatchGetItem", Resource: table}, true},
		{"another action", reads, iam.Request{Action: "dynamodb:PutItem", Resource: table}, false},
		{"another resource", reads, iam.Request{Action: "dynamodb:GetItem", Resource: table + "/index/byOwner"}, false},
		{"a condition that holds", events, iam.Request{Action: "events:PutEvents", Resource: "b", Context: context("events:source", "ticketmesh.info")}, true},
		{"one that does not", events, iam.Request{Action: "events:PutEvents", Resource: "b", Context: context("events:source", "ticketmesh.tickets")}, false},
		{"a key that is not there", events, iam.Request{Action: "events:PutEvents", Resource: "b"}, false},
		{"allowed", ec2, iam.Request{Action: "ec2:DescribeSubnets", Resource: "s"}, true},
		{"allowed and denied", ec2, iam.Request{Action: "ec2:DescribeSubnets", Resource: "s", Context: context("lambda:sourcefunctionarn", "arn:aws:lambda:eu-central-1:1:function:api")}, false},
		{"a service by a resource's policy", onQueue, iam.Request{Action: "sqs:SendMessage", Resource: queue, Service: "events.amazonaws.com", Context: context("aws:sourcearn", rule, "aws:securetransport", "true")}, true},
		{"another service", onQueue, iam.Request{Action: "sqs:SendMessage", Resource: queue, Service: "s3.amazonaws.com", Context: context("aws:sourcearn", rule)}, false},
		{"from another rule", onQueue, iam.Request{Action: "sqs:SendMessage", Resource: queue, Service: "events.amazonaws.com", Context: context("aws:sourcearn", rule+"2")}, false},
		{"without TLS", onQueue, iam.Request{Action: "sqs:SendMessage", Resource: queue, Service: "events.amazonaws.com", Context: context("aws:sourcearn", rule, "aws:securetransport", "false")}, false},
		{"nothing at all", `{"Statement": []}`, iam.Request{Action: "a:B", Resource: "r"}, false},
		{"not one", `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"a": "x"}}}}`, iam.Request{Action: "a:B", Resource: "r", Context: context("a", "x")}, false},
		{"not one, and it lacks the key", `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"a": "x"}}}}`, iam.Request{Action: "a:B", Resource: "r"}, true},
		{"if it exists, and it does not", `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLikeIfExists": {"a": "x?"}}}}`, iam.Request{Action: "a:B", Resource: "r"}, true},
		{"one character", `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "x?z"}}`, iam.Request{Action: "a:B", Resource: "xz"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := iam.Parse(tt.policy)
			if err != nil {
				t.Fatal(err)
			}
			if got := iam.Allowed([]iam.Policy{p}, tt.give); got != tt.want {
				t.Errorf("allowed: %v", got)
			}
		})
	}
}

func TestPoliciesThatAreNotKnownAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"Statement": {"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}}`,
		`{"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}}`,
		`{"Statement": {"Effect": "Perhaps", "Action": "a:B", "Resource": "*"}}`,
		`{"Statement": {"Effect": "Allow", "Resource": "*"}}`,
		`{"Statement": {"Effect": "Allow", "Action": "a:B"}}`,
	} {
		if _, err := iam.Parse(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
