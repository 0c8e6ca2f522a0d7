package rules

import (
	"maps"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/stacks"
)

// wide are actions that may be on every resource, and why.
var wide = map[string]string{
	"xray:PutTraceSegments":          "traces are no resources",
	"xray:PutTelemetryRecords":       "traces are no resources",
	"cloudwatch:PutMetricData":       "metrics are no resources",
	"ec2:CreateNetworkInterface":     "Lambda's, to be in the VPC; it has no name before",
	"ec2:DescribeNetworkInterfaces":  "Lambda's; describing knows no resources",
	"ec2:DescribeSubnets":            "Lambda's; describing knows no resources",
	"ec2:DeleteNetworkInterface":     "Lambda's, to be in the VPC",
	"ec2:AssignPrivateIpAddresses":   "Lambda's, to be in the VPC",
	"ec2:UnassignPrivateIpAddresses": "Lambda's, to be in the VPC",
}

// within are actions whose resources may end in a wildcard, and why.
var within = map[string]string{
	"s3:GetObject":         "objects of one bucket",
	"s3:PutObject":         "objects of one bucket",
	"s3:DeleteObject":      "objects of one bucket",
	"dynamodb:ListStreams": "streams of one table",
	// The ARN of a log group ends in one; streams are made by Lambda.
	"logs:CreateLogStream": "streams of one group",
	"logs:PutLogEvents":    "streams of one group",
}

// statement is one of a role's, of what it allows or denies.
type statement struct {
	effect    string
	actions   []string
	resources []string
}

func statements(role stacks.Resource) []statement {
	var found []statement
	for _, policy := range list(of(role, "Policies")) {
		for _, s := range list(at(policy, "PolicyDocument", "Statement")) {
			found = append(found, statement{str(at(s, "Effect")), texts(at(s, "Action")), texts(at(s, "Resource"))})
		}
	}
	return found
}

// roles: each function has one of its own, with single actions on single resources.
func (v *view) roles() {
	users := map[string][]string{}
	for _, f := range v.of("AWS::Lambda::Function") {
		role := str(of(f, "Role"))
		users[role] = append(users[role], f.Name)
		if r := v.byARN[role]; r.Type != "AWS::IAM::Role" || r.Stack != f.Stack {
			v.wrong(f, "Properties.Role", "its role is not its stack's")
		}
	}
	for _, arn := range slices.Sorted(maps.Keys(users)) {
		if names := slices.Sorted(slices.Values(users[arn])); len(names) > 1 {
			v.wrong(v.byARN[arn], "", "it is the role of %s", strings.Join(names, ", "))
		}
		role := v.byARN[arn]
		if managed := texts(of(role, "ManagedPolicyArns")); len(managed) > 0 {
			v.wrong(role, "Properties.ManagedPolicyArns", "what %s allow is not ours to say", strings.Join(managed, ", "))
		}
	}
	for _, role := range v.of("AWS::IAM::Role") {
		for _, s := range statements(role) {
			if s.effect != "Allow" {
				continue
			}
			for _, action := range s.actions {
				v.single(role, action, s.resources)
			}
			for _, resource := range s.resources {
				v.there(role, resource)
			}
		}
	}
}

// there holds what a role says of one of the account's resources to one that is made.
func (v *view) there(role stacks.Resource, resource string) {
	arn := strings.TrimSuffix(strings.TrimSuffix(resource, "/*"), "/stream")
	table, index, isIndex := strings.Cut(arn, "/index/")
	switch r, is := v.byARN[table]; {
	case resource == "*" || is && !isIndex:
	case !is:
		v.wrong(role, "Properties.Policies", "there is no %s", resource)
	case !slices.ContainsFunc(list(of(r, "GlobalSecondaryIndexes")), func(i any) bool { return str(at(i, "IndexName")) == index }):
		v.wrong(role, "Properties.Policies", "%s has no index %s", r.Name, index)
	}
}

func (v *view) single(role stacks.Resource, action string, resources []string) {
	if strings.Contains(action, "*") {
		v.wrong(role, "Properties.Policies", "%s is more than one action", action)
	}
	for _, resource := range resources {
		switch {
		case resource == "*":
			if wide[action] == "" {
				v.wrong(role, "Properties.Policies", "%s is allowed on everything", action)
			}
		case strings.Contains(resource, "*"):
			if within[action] == "" {
				v.wrong(role, "Properties.Policies", "%s is allowed on %s", action, resource)
			}
		}
	}
}

// privileges: a function's role allows what its code asks of AWS and what Lambda does in
// its name, and nothing else.
func (v *view) privileges() {
	for _, f := range v.of("AWS::Lambda::Function") {
		role, is := v.byARN[str(of(f, "Role"))]
		code, known := v.Code[str(of(f, "Code", "S3Key"))]
		if !is || !known {
			continue // told by roles and variables
		}
		allowed := map[string]bool{}
		for _, s := range statements(role) {
			for _, action := range s.actions {
				if s.effect == "Allow" {
					allowed[action] = true
				}
			}
		}
		v.indexes(f, role, code)
		needed := map[string]string{}
		for _, action := range code.Calls {
			needed[action] = "its code asks for it"
		}
		maps.Copy(needed, v.lambdas(f, allowed))
		for _, action := range slices.Sorted(maps.Keys(needed)) {
			if !allowed[action] {
				v.wrong(role, "Properties.Policies", "%s may not %s: %s", f.Name, action, needed[action])
			}
		}
		for _, action := range slices.Sorted(maps.Keys(allowed)) {
			if needed[action] == "" {
				v.wrong(role, "Properties.Policies", "%s may %s, and nothing in it asks for that", f.Name, action)
			}
		}
	}
}

// indexes: a function may query those of a table that its code names.
func (v *view) indexes(f, role stacks.Resource, code Code) {
	for _, table := range v.of("AWS::DynamoDB::Table") {
		may := map[string]bool{}
		for _, s := range statements(role) {
			for _, resource := range s.resources {
				if index, is := strings.CutPrefix(resource, table.Attributes["Arn"]+"/index/"); is && s.effect == "Allow" {
					may[index] = true
				}
			}
		}
		for _, said := range list(of(table, "GlobalSecondaryIndexes")) {
			index := str(at(said, "IndexName"))
			if table.Stack != f.Stack {
				continue
			}
			names := slices.Contains(code.Indexes, index)
			switch {
			case names && !may[index]:
				v.wrong(role, "Properties.Policies", "%s may not query the index %s, which its code names", f.Name, index)
			case !names && may[index]:
				v.wrong(role, "Properties.Policies", "%s may query the index %s, and nothing in it names that", f.Name, index)
			}
		}
	}
}

// lambdas are the actions that Lambda does in the name of a function.
func (v *view) lambdas(f stacks.Resource, allowed map[string]bool) map[string]string {
	needed := map[string]string{"logs:CreateLogStream": "Lambda writes its log", "logs:PutLogEvents": "Lambda writes its log"}
	add := func(why string, actions ...string) {
		for _, action := range actions {
			needed[action] = why
		}
	}
	if str(of(f, "TracingConfig", "Mode")) == "Active" {
		add("it is traced", "xray:PutTraceSegments", "xray:PutTelemetryRecords")
	}
	if of(f, "VpcConfig") != nil {
		add("it is in the VPC", "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses")
	}
	for _, m := range v.of("AWS::Lambda::EventSourceMapping") {
		if to, is := v.function(str(of(m, "FunctionName"))); !is || to.Name != f.Name {
			continue
		}
		if strings.HasPrefix(str(of(m, "EventSourceArn")), "arn:aws:sqs:") {
			add(m.LogicalID+" reads a queue", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
		} else {
			add(m.LogicalID+" reads a stream", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
		}
		if of(m, "DestinationConfig", "OnFailure") != nil {
			add("Lambda puts away what fails", "sqs:SendMessage")
		}
	}
	for _, c := range v.of("AWS::Lambda::EventInvokeConfig") {
		if str(of(c, "FunctionName")) == f.Name && of(c, "DestinationConfig", "OnFailure") != nil {
			add("Lambda puts away what fails", "sqs:SendMessage")
		}
	}
	// Secrets of a key of our own; which secret it is, is not known here.
	if allowed["secretsmanager:GetSecretValue"] && v.ownKey(f) {
		add("its secret is encrypted by a key of ours", "kms:Decrypt")
	}
	return needed
}

// ownKey says whether a secret that the function may read is encrypted by a key of ours.
func (v *view) ownKey(f stacks.Resource) bool {
	for _, s := range statements(v.byARN[str(of(f, "Role"))]) {
		if !slices.Contains(s.actions, "secretsmanager:GetSecretValue") {
			continue
		}
		for _, arn := range s.resources {
			if secret := v.byARN[arn]; secret.Type == "AWS::SecretsManager::Secret" && of(secret, "KmsKeyId") != nil {
				return true
			}
		}
	}
	return false
}
