package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
)

// stage is a mesh on AWS without its functions: a bus, and consumers' rules and
// queues by the names that the templates give.
type stage struct {
	t       testing.TB
	name    string
	archive *replayer
	queues  *sqs.Client
}

func newStage(t testing.TB, name string, consumers ...string) stage {
	t.Helper()
	s := stage{t: t, name: name, archive: newReplayer(t, "ticketmesh-"+name)}
	s.queues = sqs.NewFromConfig(s.archive.config)
	bridge := eventbridge.NewFromConfig(s.archive.config)
	if _, err := bridge.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &s.archive.bus}); err != nil {
		t.Fatal(err)
	}
	s.parameter("bus-name", s.archive.bus)
	s.parameter("archive-arn", s.archive.arn)
	s.parameter("tickets/relay-dlq-arn", "of no consumer")
	for _, consumer := range consumers {
		deadARN := s.queue(consumer+"-dlq", nil)
		queueARN := s.queue(consumer, map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":8}`})
		s.parameter("a-service/"+consumer+"-arn", queueARN)
		s.parameter("a-service/"+consumer+"-dlq-arn", deadARN)
		rule := s.archive.bus + "-" + consumer
		pattern := `{"source": ["ticketmesh.shows"], "detail-type": ["` + showsevents.TypePerformanceScheduled + `"]}`
		if _, err := bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &rule, EventBusName: &s.archive.bus, EventPattern: &pattern}); err != nil {
			t.Fatal(err)
		}
		if _, err := bridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
			Rule: &rule, EventBusName: &s.archive.bus, Targets: []bridgetypes.Target{{Id: aws.String("queue"), Arn: &queueARN}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s stage) parameter(name, value string) {
	s.t.Helper()
	if _, err := ssm.NewFromConfig(s.archive.config).PutParameter(s.t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/ticketmesh/" + s.name + "/" + name), Value: &value, Type: ssmtypes.ParameterTypeString,
	}); err != nil {
		s.t.Fatal(err)
	}
}

// queue makes a queue and returns its ARN.
func (s stage) queue(name string, attributes map[string]string) string {
	s.t.Helper()
	name = s.archive.bus + "-" + name
	if _, err := s.queues.CreateQueue(s.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}); err != nil {
		s.t.Fatal(err)
	}
	return "arn:aws:sqs:eu-central-1:123456789012:" + name
}

func (s stage) url(queue string) *string {
	s.t.Helper()
	found, err := s.queues.GetQueueUrl(s.t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(s.archive.bus + "-" + queue)})
	if err != nil {
		s.t.Fatal(err)
	}
	return found.QueueUrl
}

// run runs a command about the stage.
func (s stage) run(stdin string, args ...string) ran {
	s.t.Helper()
	return meshCommandIn(s.t, []string{
		"AWS_ENDPOINT_URL=" + s.archive.endpoint, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}, stdin, append(args, "--target", "aws", "--stage", s.name)...)
}

// print returns what a command that must succeed prints.
func (s stage) print(stdin string, args ...string) string {
	s.t.Helper()
	got := s.run(stdin, args...)
	if got.code != 0 || got.stderr != "" {
		s.t.Fatalf("mesh %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// taken takes what a consumer's queue has, and returns the events' ids.
func (s stage) taken(consumer string) []string {
	s.t.Helper()
	var ids []string
	for {
		got, err := s.queues.ReceiveMessage(s.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: s.url(consumer), MaxNumberOfMessages: 10})
		if err != nil {
			s.t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			slices.Sort(ids)
			return ids
		}
		for _, m := range got.Messages {
			var delivered struct{ Detail struct{ ID string } }
			if err := json.Unmarshal([]byte(*m.Body), &delivered); err != nil {
				s.t.Fatal(err)
			}
			ids = append(ids, delivered.Detail.ID)
			if _, err := s.queues.DeleteMessage(s.t.Context(), &sqs.DeleteMessageInput{QueueUrl: s.url(consumer), ReceiptHandle: m.ReceiptHandle}); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// scheduled is an event as a file for the command.
func scheduled(t testing.TB, at time.Time) (eventID, text string) {
	t.Helper()
	_, text = poison(t)
	e, err := event.ParseCloudEvent([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e.ID, e.Time = id.New(), at
	encoded, err := e.MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	return e.ID.String(), string(encoded)
}

const (
	performances = "tickets-performances"
	catalog      = "notifications-catalog"
)

func TestDeadLettersOnAWSAreShownAndRedriven(t *testing.T) {
	t.Parallel()
	name := "s" + id.New().String()[24:]
	s := newStage(t, name, performances, catalog)
	newStage(t, name+"-eu", "shows-availability") // another stage, whose queues' names begin like this one's

	eventID, text := scheduled(t, time.Now())
	if got := s.print(text, "events", "publish", "-", "--json"); got != fmt.Sprintf(`{"id":"%s","type":"%s"}`+"\n", eventID, showsevents.TypePerformanceScheduled) {
		t.Errorf("published %s", got)
	}
	if got := s.taken(performances); !slices.Equal(got, []string{eventID}) {
		t.Errorf("delivered %v", got)
	}
	// Its consumer, and EventBridge, give events up.
	body := func(text string) *string { return aws.String(`{"version":"0","detail":` + text + `}`) }
	attribute := func(value string) sqstypes.MessageAttributeValue {
		return sqstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	otherID, other := scheduled(t, time.Now())
	for _, letter := range []*sqs.SendMessageInput{
		{MessageBody: body(text), MessageAttributes: map[string]sqstypes.MessageAttributeValue{"reason": attribute("no seats"), "receives": attribute("8"), "firstReceived": attribute("1764000001000")}},
		{MessageBody: body(other), MessageAttributes: map[string]sqstypes.MessageAttributeValue{"ERROR_CODE": attribute("NO_PERMISSIONS"), "ERROR_MESSAGE": attribute("closed")}},
	} {
		letter.QueueUrl = s.url(performances + "-dlq")
		if _, err := s.queues.SendMessage(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
	}

	if got, want := s.print("", "dlq", "ls", "--json"), `{"consumer":"notifications-catalog","dead":0,"inFlight":0,"waiting":1}
{"consumer":"tickets-performances","dead":2,"inFlight":0,"waiting":0}
`; got != want {
		t.Errorf("the queues are\n%swant\n%s", got, want)
	}
	if got := s.print("", "dlq", "ls"); !strings.Contains(got, "tickets-performances             dead 2      waiting 0      in flight 0\n") {
		t.Errorf("the queues are\n%s", got)
	}

	type letter struct {
		ID, Consumer, Type, Reason, FirstAt, DeadAt string
		Receives                                    int
		Event                                       json.RawMessage
	}
	letters := func(args ...string) []letter {
		t.Helper()
		return objects[letter](t, s.print("", append([]string{"dlq", "show", performances, "--json"}, args...)...))
	}
	all := letters()
	slices.SortFunc(all, func(a, b letter) int { return strings.Compare(b.Reason, a.Reason) })
	if len(all) != 2 || all[0].ID != otherID || all[0].Reason != "not delivered by EventBridge: NO_PERMISSIONS: closed" || all[0].FirstAt != "" {
		t.Fatalf("the dead letters are %+v", all)
	}
	if l := all[1]; l.ID != eventID || l.Consumer != performances || l.Type != showsevents.TypePerformanceScheduled || l.Reason != "no seats" || l.Receives != 8 ||
		l.FirstAt != "2025-11-24T16:00:01.000Z" || !fixedTime.MatchString(l.DeadAt) || l.Event != nil {
		t.Errorf("the dead letter is %+v", l)
	}
	if whole := letters(eventID); len(whole) != 1 || !strings.Contains(string(whole[0].Event), eventID) {
		t.Errorf("shown whole: %+v", whole)
	}

	if got := s.print("", "dlq", "redrive", performances, eventID, "--json"); got != `{"consumer":"tickets-performances","redriven":1}`+"\n" {
		t.Errorf("redriven: %s", got)
	}
	if got := s.taken(performances); !slices.Equal(got, []string{eventID}) {
		t.Errorf("delivered again: %v", got)
	}
	if got := s.print("", "dlq", "redrive", performances); got != "redriven 1\n" {
		t.Errorf("redriven: %s", got)
	}
	if got, left := s.taken(performances), letters(); !slices.Equal(got, []string{otherID}) || len(left) != 0 {
		t.Errorf("delivered again: %v, left %v", got, left)
	}
}

func TestAReplayOnAWSReachesOneConsumer(t *testing.T) {
	t.Parallel()
	s := newStage(t, "s"+id.New().String()[24:], performances, catalog)
	begin := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 4 {
		eventID, text := scheduled(t, begin.Add(time.Duration(i)*time.Minute))
		s.print(text, "events", "publish", "-")
		ids = append(ids, eventID)
	}
	s.taken(performances)
	s.taken(catalog)

	from, to := begin.Add(time.Minute).Format(time.RFC3339), begin.Add(3*time.Minute).Format(time.RFC3339)
	got := s.print("", "events", "replay", "--consumer", performances, "--from", from, "--to", to, "--json")
	if reports := objects[struct{ Consumer, Replay string }](t, got); len(reports) != 1 || reports[0].Consumer != performances || !strings.HasPrefix(reports[0].Replay, performances+"-") {
		t.Errorf("reported %s", got)
	}
	want := ids[1:3]
	slices.Sort(want)
	if got := s.taken(performances); !slices.Equal(got, want) {
		t.Errorf("replayed %v, want %v", got, want)
	}
	if got := s.taken(catalog); len(got) != 0 {
		t.Errorf("the other consumer got %v", got)
	}

	s.archive.failNext("the key is gone")
	failed := s.run("", "events", "replay", "--consumer", performances, "--from", from)
	if failed.code != 1 || failed.stdout != "" || !strings.Contains(failed.stderr, "FAILED: the key is gone") {
		t.Errorf("a replay that fails: %+v", failed)
	}
}

func TestWrongCommandsAboutAWSSayWhy(t *testing.T) {
	t.Parallel()
	s := newStage(t, "s"+id.New().String()[24:], performances)
	nowhere := s
	nowhere.name = "nowhere"
	_, text := scheduled(t, time.Now())
	tests := []struct {
		name string
		on   stage
		args []string
		code int
		says string
	}{
		{"dead letters of nobody", s, []string{"dlq", "show", "nobody"}, 2, "nobody"},
		{"an unknown dead letter", s, []string{"dlq", "show", performances, id.New().String()}, 2, "dead letter"},
		{"redriving for nobody", s, []string{"dlq", "redrive", "nobody"}, 2, "nobody"},
		{"redriving an unknown dead letter", s, []string{"dlq", "redrive", performances, id.New().String()}, 2, "dead letter"},
		{"a replay to an unknown consumer", s, []string{"events", "replay", "--consumer", "nobody", "--from", "2026-01-01T00:00:00Z"}, 2, "nobody"},
		{"a replay that ends before it begins", s, []string{"events", "replay", "--consumer", performances, "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"}, 1, "EventStartTime must be before"},
		{"queues of an unknown stage", nowhere, []string{"dlq", "ls"}, 1, "nowhere"},
		{"an event for an unknown stage", nowhere, []string{"events", "publish", "-"}, 1, "/ticketmesh/nowhere/bus-name"},
		{"a replay on an unknown stage", nowhere, []string{"events", "replay", "--consumer", performances, "--from", "2026-01-01T00:00:00Z"}, 1, "/ticketmesh/nowhere/bus-name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.on.run(text, tt.args...)
			if got.code != tt.code || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("got %+v, want code %d and a line with %q", got, tt.code, tt.says)
			}
		})
	}
	nothing := []string{"AWS_REGION=", "AWS_DEFAULT_REGION=", "AWS_CONFIG_FILE=" + t.TempDir() + "/config", "AWS_SHARED_CREDENTIALS_FILE=" + t.TempDir() + "/credentials"}
	if got := meshCommandIn(t, nothing, "", "dlq", "ls", "--target", "aws", "--stage", "prod"); got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "AWS_REGION") {
		t.Errorf("without a region: %+v", got)
	}
	flags := []struct {
		name string
		args []string
		says string
	}{
		{"no stage", []string{"dlq", "ls", "--target", "aws"}, "--stage"},
		{"a stage of the embedded mesh", []string{"dlq", "ls", "--stage", "prod"}, "--target aws"},
		{"a target that is none", []string{"dlq", "ls", "--target", "azure"}, "azure"},
	}
	for _, tt := range flags {
		t.Run(tt.name, func(t *testing.T) {
			if got := meshCommand(t, "", tt.args...); got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("got %+v, want a line with %q", got, tt.says)
			}
		})
	}
}
