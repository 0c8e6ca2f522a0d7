package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/testserver"
)

// replayer is an endpoint of AWS that has what moto server lacks, the archive of a
// bus and its replay, and passes everything else on to it. It does what AWS
// documents: the API reference has the limits of StartReplay and says of
// ReplayDestination that FilterArns are the rules that events are replayed to, of
// the archive's own bus alone; the guide says that a replay takes events by their
// time, runs after the request, and delivers them with a member "replay-name". A
// rule gets no event that its pattern does not match; patterns here have a source
// and a detail type.
type replayer struct {
	t        testing.TB
	endpoint string
	arn      string // of the archive
	bus      string // its name
	busARN   string
	config   aws.Config // straight to moto
	pass     http.Handler

	mu       sync.Mutex
	failWith string // what the next replay fails with
	kept     []entry
	replays  map[string]*replay
}

// entry is an event as PutEvents takes it.
type entry struct {
	Source, DetailType, Detail, EventBusName string
	Time                                     float64 // epoch seconds
}

type replay struct {
	EventStartTime, EventEndTime float64
	ReplayName, EventSourceArn   string
	Destination                  struct {
		Arn        string
		FilterArns []string
	}
	looks int
	fail  string
}

func newReplayer(t testing.TB, bus string) *replayer {
	t.Helper()
	moto, err := url.Parse(testserver.Moto(t))
	if err != nil {
		t.Fatal(err)
	}
	const account = "arn:aws:events:eu-central-1:123456789012:"
	a := &replayer{
		t: t, bus: bus, busARN: account + "event-bus/" + bus, arn: account + "archive/" + bus, replays: make(map[string]*replay),
		config: aws.Config{
			Region: "eu-central-1", BaseEndpoint: aws.String(moto.String()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		},
		pass: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(moto); r.Out.Host = r.In.Host }},
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.endpoint = server.URL
	return a
}

// failNext makes the next replay fail.
func (a *replayer) failNext(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failWith = reason
}

// ServeHTTP implements http.Handler.
func (a *replayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var answer any
	switch r.Header.Get("X-Amz-Target") {
	case "AWSEvents.PutEvents":
		err = a.keep(body)
	case "AWSEvents.StartReplay":
		answer, err = a.start(body)
	case "AWSEvents.DescribeReplay":
		answer, err = a.describe(body)
	}
	switch {
	case err != nil:
		code, message, _ := strings.Cut(err.Error(), ": ")
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
	case answer != nil:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(answer)
	default:
		r.Body = io.NopCloser(bytes.NewReader(body))
		a.pass.ServeHTTP(w, r)
	}
}

func (a *replayer) keep(body []byte) error {
	var put struct{ Entries []entry }
	if err := json.Unmarshal(body, &put); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range put.Entries {
		if e.EventBusName == a.bus || e.EventBusName == a.busARN {
			a.kept = append(a.kept, e)
		}
	}
	return nil
}

var replayName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

func (a *replayer) start(body []byte) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &replay{fail: a.failWith}
	if err := json.Unmarshal(body, r); err != nil {
		return nil, fmt.Errorf("SerializationException: %w", err)
	}
	switch {
	case !replayName.MatchString(r.ReplayName):
		return nil, errors.New("ValidationException: ReplayName fails its constraints")
	case r.EventSourceArn != a.arn:
		return nil, errors.New("ValidationException: Parameter EventSourceArn is not valid. Reason: the archive does not exist")
	case r.Destination.Arn != a.busARN:
		return nil, errors.New("ValidationException: Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")
	case r.EventStartTime >= r.EventEndTime:
		return nil, errors.New("ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")
	case a.replays[r.ReplayName] != nil:
		return nil, errors.New("ResourceAlreadyExistsException: the replay already exists")
	}
	a.replays[r.ReplayName] = r
	return map[string]string{"State": "STARTING"}, nil
}

// describe lets a replay go on by one step each time that it is looked at, so
// that who does not wait for its end has not got it.
func (a *replayer) describe(body []byte) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var asked struct{ ReplayName string }
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, fmt.Errorf("SerializationException: %w", err)
	}
	r := a.replays[asked.ReplayName]
	if r == nil {
		return nil, errors.New("ResourceNotFoundException: no such replay")
	}
	r.looks++
	switch {
	case r.looks == 1:
		return map[string]string{"State": "STARTING"}, nil
	case r.looks == 2:
		return map[string]string{"State": "RUNNING"}, nil
	case r.fail != "":
		return map[string]string{"State": "FAILED", "StateReason": r.fail}, nil
	case r.looks == 3:
		if err := a.deliver(r); err != nil {
			return nil, fmt.Errorf("InternalException: %w", err)
		}
	}
	return map[string]string{"State": "COMPLETED"}, nil
}

func (a *replayer) deliver(r *replay) error {
	bridge, queues := eventbridge.NewFromConfig(a.config), sqs.NewFromConfig(a.config)
	ctx := a.t.Context()
	rules, err := bridge.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &a.bus})
	if err != nil {
		return err
	}
	for _, rule := range rules.Rules {
		if filter := r.Destination.FilterArns; len(filter) > 0 && !slices.Contains(filter, *rule.Arn) {
			continue
		}
		var pattern struct {
			Source     []string `json:"source"`
			DetailType []string `json:"detail-type"`
		}
		if err := json.Unmarshal([]byte(*rule.EventPattern), &pattern); err != nil {
			return err
		}
		targets, err := bridge.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: rule.Name, EventBusName: &a.bus})
		if err != nil {
			return err
		}
		for _, e := range a.kept {
			if e.Time < r.EventStartTime || e.Time >= r.EventEndTime || !slices.Contains(pattern.Source, e.Source) || !slices.Contains(pattern.DetailType, e.DetailType) {
				continue
			}
			body, err := json.Marshal(map[string]any{
				"version": "0", "id": "x", "source": e.Source, "detail-type": e.DetailType, "account": "123456789012", "region": "eu-central-1", "resources": []string{},
				"time": time.Unix(int64(e.Time), 0).UTC().Format(time.RFC3339), "replay-name": r.ReplayName, "detail": json.RawMessage(e.Detail),
			})
			if err != nil {
				return err
			}
			for _, target := range targets.Targets {
				name := (*target.Arn)[strings.LastIndexByte(*target.Arn, ':')+1:]
				found, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
				if err != nil {
					return err
				}
				if _, err := queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: found.QueueUrl, MessageBody: aws.String(string(body))}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
