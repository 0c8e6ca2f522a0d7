package contracttest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
)

const (
	availabilityChanged = "ticketmesh.tickets.availability.changed.v1"
	venueUpdated        = "ticketmesh.info.venue.updated.v1"
)

// TestATemplateIsHeldToTheSubscriptions breaks testdata/template.yaml, which is
// right, in one place each.
func TestATemplateIsHeldToTheSubscriptions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const (
		pattern = "source: [ticketmesh.tickets]"
		another = "\n  Another:\n    Type: "
	)
	subscribed := map[string][]string{"shows-availability": {availabilityChanged}, "shows-venues": {venueUpdated}}
	tests := []struct {
		name, old, new string
		code           map[string][]string
		want           string
	}{
		{name: "right"},
		{name: "long forms of functions", old: "!GetAtt AvailabilityRule.Arn", new: "{Fn::GetAtt: AvailabilityRule.Arn}"},
		{name: "a timer is no subscription", old: "Resources:", new: "Resources:" + another + "AWS::Events::Rule\n    Properties: {ScheduleExpression: rate(1 minute)}"},
		{name: "what AWS tells is no subscription", old: "Resources:", new: "Resources:" + another + "AWS::Events::Rule\n    Properties: {EventPattern: {source: [aws.ses], detail: {x: [y]}}, Targets: [{Arn: !Ref Elsewhere}]}"},
		{name: "what AWS tells and more", old: "Resources:", new: "Resources:" + another + "AWS::Events::Rule\n    Properties: {EventPattern: {source: [aws.ses, ticketmesh.tickets]}, Targets: [{Arn: !Ref Elsewhere}]}", want: "Another: is not on the mesh's bus"},
		{name: "AWS on the mesh's bus", old: pattern, new: "source: [aws.ses]", want: "source of the pattern is [aws.ses]"},
		{name: "a list of no sources on the default bus", old: "Resources:", new: "Resources:" + another + "AWS::Events::Rule\n    Properties: {EventPattern: {source: []}, Targets: [{Arn: !Ref Elsewhere}]}", want: "Another: is not on the mesh's bus"},
		{name: "a rule without a source on the default bus", old: "Resources:", new: "Resources:" + another + "AWS::Events::Rule\n    Properties: {EventPattern: {detail-type: [x]}, Targets: [{Arn: !Ref Elsewhere}]}", want: "Another: is not on the mesh's bus"},

		{name: "a type that the code lacks", code: map[string][]string{"shows-availability": {}, "shows-venues": {venueUpdated}}, want: "and [] in the code"},
		{name: "a queue that the code lacks", code: map[string][]string{}, want: "and [] in the code"},
		{name: "a queue that is not documented", code: map[string][]string{"shows-availability": {availabilityChanged}, "shows-venues": {venueUpdated}, "shows-more": {availabilityChanged}}, want: "shows-more gets [] in asyncapi.yaml"},
		{name: "a type more in the template", old: "- " + availabilityChanged, new: "- " + availabilityChanged + "\n          - ticketmesh.tickets.hold.placed.v1", want: "hold.placed.v1] in the template"},
		{name: "no rule", old: "Type: AWS::Events::Rule", new: "Type: AWS::Events::Nothing", want: "and [] in the template"},
		{name: "another queue", old: "QueueName: !Sub ticketmesh-${Stage}-shows-availability\n", new: "QueueName: !Sub ticketmesh-${Stage}-shows-other\n", want: "shows-other gets [] in asyncapi.yaml"},
		{name: "a queue of no consumer", old: "QueueName: !Sub ticketmesh-${Stage}-shows-availability\n", new: "QueueName: shows-availability\n", want: `is called "shows-availability"`},
		{name: "a second rule", old: "Outputs:", new: "  Second:\n    Type: AWS::Events::Rule\n    Properties: {EventPattern: {source: [ticketmesh.tickets]}, Targets: [{Arn: !GetAtt AvailabilityQueue.Arn}]}\nOutputs:", want: "shows-availability has another rule"},
		{name: "a rule without the queue's name", old: "Name: !Sub ticketmesh-${Stage}-shows-availability #", new: "Name: availability #", want: `AvailabilityRule: is called "availability"`},

		{name: "the wrong source", old: pattern, new: "source: [ticketmesh.info]", want: "source of the pattern is [ticketmesh.info], but the types are published by [ticketmesh.tickets]"},
		{name: "a source too many", old: pattern, new: "source: [ticketmesh.tickets, ticketmesh.info]", want: "source of the pattern is"},
		{name: "no source", old: pattern, new: "", want: "source of the pattern is []"},
		{name: "a pattern over the detail", old: pattern, new: pattern + "\n        detail: {subject: [x]}", want: "the pattern is narrowed by detail"},
		{name: "a pattern over the account", old: pattern, new: pattern + "\n        account: ['1']", want: "the pattern is narrowed by account"},
		{name: "types by prefix", old: "- " + availabilityChanged, new: "- prefix: ticketmesh.tickets.", want: "detail-type of the pattern is not a list of names"},
		{name: "another bus", old: "bus-name", new: "other-bus", want: "is not on the mesh's bus"},
		{name: "the default bus", old: "EventBusName:", new: "Description:", want: "is not on the mesh's bus"},
		{name: "a rule that is off", old: "      EventPattern:", new: "      State: DISABLED\n      EventPattern:", want: "is DISABLED"},
		{name: "a message that is changed", old: "Id: queue", new: "Id: queue\n          InputPath: $.detail", want: "changes the message"},
		{name: "a second target", old: "- Id: queue", new: "- {Id: more, Arn: !GetAtt More.Arn}\n        - Id: queue", want: "has 2 targets"},
		{name: "no target", old: "Targets:", new: "Others:", want: "has 0 targets"},
		{name: "a target elsewhere", old: "Arn: !GetAtt AvailabilityQueue.Arn\n          Dead", new: "Arn: !Ref Elsewhere\n          Dead", want: "is no queue of this template"},
		{name: "no retry policy", old: "RetryPolicy:", new: "# RetryPolicy:", want: "has no retry policy"},
		{name: "no dead letters of the target", old: "DeadLetterConfig:", new: "# DeadLetterConfig:", want: "what cannot be delivered does not go to AvailabilityDeadLetters"},
		{name: "a function past the queue", old: "Resources:", new: "Resources:" + another + "AWS::Serverless::Function\n    Properties: {Events: {Sold: {Type: EventBridgeRule}}}", want: "Another: Sold takes events past the queues"},

		{name: "no dead-letter queue", old: "RedrivePolicy:", new: "# RedrivePolicy:", want: "AvailabilityQueue: has no dead-letter queue"},
		{name: "its own dead letters", old: "deadLetterTargetArn: !GetAtt AvailabilityDeadLetters.Arn", new: "deadLetterTargetArn: !GetAtt AvailabilityQueue.Arn", want: "AvailabilityQueue: has no dead-letter queue"},
		{name: "another number of attempts", old: "maxReceiveCount: 8", new: "maxReceiveCount: 3", want: "is tried 3 times, want 8"},
		{name: "no visibility timeout", old: "VisibilityTimeout:", new: "# VisibilityTimeout:", want: "has no visibility timeout"},
		{name: "a short memory", old: "1209600 #", new: "345600 #", want: "AvailabilityQueue: keeps messages for 345600 s"},
		{name: "dead letters with a short memory", old: "MessageRetentionPeriod: 1209600\n", new: "DelaySeconds: 0\n", want: "AvailabilityDeadLetters: keeps messages for 0 s"},
		{name: "in the clear", old: "SqsManagedSseEnabled: true", new: "", want: "AvailabilityQueue: is not encrypted"},
		{name: "no policy", old: "AWS::SQS::QueuePolicy", new: "AWS::SQS::QueueInlinePolicy", want: "AvailabilityQueue: no policy lets AvailabilityRule in"},
		{name: "no policy of the dead letters", old: "!Ref AvailabilityDeadLetters", new: "!Ref Others", want: "AvailabilityDeadLetters: no policy lets AvailabilityRule in"},
		{name: "a policy of other resources", old: "Resource: [!GetAtt AvailabilityQueue.Arn, ", new: "Resource: [", want: "AvailabilityQueue: no policy lets AvailabilityRule in"},
		{name: "a policy for all rules", old: "Condition: {ArnEquals:", new: "Conditions: {ArnEquals:", want: "lets others in than AvailabilityRule"},
		{name: "a policy for another rule", old: "!GetAtt AvailabilityRule.Arn", new: "!GetAtt OtherRule.Arn", want: "lets others in than AvailabilityRule"},
		{name: "a policy for everybody", old: "Principal: {Service: events.amazonaws.com}", new: "Principal: '*'", want: "lets others in than AvailabilityRule"},
		{name: "a policy for everything", old: "Action: sqs:SendMessage", new: "Action: sqs:*", want: "lets others in than AvailabilityRule"},
		{name: "no alarm on the dead letters", old: "ApproximateNumberOfMessagesVisible", new: "NumberOfMessagesSent", want: "AvailabilityDeadLetters: no alarm on ApproximateNumberOfMessagesVisible"},
		{name: "an alarm on another queue", old: "Value: !GetAtt AvailabilityDeadLetters.QueueName", new: "Value: !GetAtt AvailabilityQueue.QueueName", want: "AvailabilityDeadLetters: no alarm on ApproximateNumberOfMessagesVisible"},
		{name: "no alarm on the age", old: "ApproximateAgeOfOldestMessage", new: "NumberOfMessagesSent", want: "AvailabilityQueue: no alarm on ApproximateAgeOfOldestMessage"},
		{name: "an alarm that compares nothing", old: "ComparisonOperator: GreaterThanThreshold", new: "", want: "no alarm on"},
		{name: "no parameter", old: "shows-availability-arn", new: "availability-arn", want: "no parameter /ticketmesh/${Stage}/shows/shows-availability-arn"},
		{name: "no parameter of the dead letters", old: "shows-availability-dlq-arn", new: "dlq-arn", want: "no parameter /ticketmesh/${Stage}/shows/shows-availability-dlq-arn"},

		{name: "not YAML", old: "Resources:", new: "Resources: {", want: "yaml"},
		{name: "a key twice", old: "Parameters:", new: "Parameters: {}\nParameters:", want: "is there twice"},
		{name: "an alias", old: "Parameters:", new: "X: &x 1\nY: *x\nParameters:", want: "no aliases"},
		{name: "properties of another shape", old: "maxReceiveCount: 8", new: "maxReceiveCount: eight", want: "AvailabilityQueue: json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(string(text), tt.old, tt.new, 1)
			if tt.old != "" && broken == string(text) {
				t.Fatal("the template is unchanged")
			}
			file := filepath.Join(t.TempDir(), "template.yaml")
			if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.code == nil {
				tt.code = subscribed
			}
			found := complaints(func(f *fake) { contracttest.Subscribed(f, "shows", file, tt.code) })
			if (tt.want == "") != (found == "") || !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
	if found := complaints(func(f *fake) { contracttest.Subscribed(f, "shows", "testdata/none.yaml", subscribed) }); found == "" {
		t.Error("a template that is not there is right")
	}
}

// complaints are what a check says when it fails, and the last thing it says
// when it ends at once.
func complaints(check func(f *fake)) (found string) {
	f := &fake{}
	defer func() {
		if last := recover(); last != nil {
			f.errors = append(f.errors, last.(string))
		}
		found = strings.Join(f.errors, "\n")
	}()
	check(f)
	return ""
}
