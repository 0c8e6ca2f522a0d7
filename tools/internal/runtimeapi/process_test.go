package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"ticketmesh.dev/tools/internal/runtimeapi"
)

// TestMain is a function, when it is started as one, in place of the tests.
func TestMain(m *testing.M) {
	switch os.Getenv("PLAY") {
	case "":
		os.Exit(m.Run())
	case "broken":
		os.Stdout.WriteString("TABLE is not set\n")
		os.Exit(1)
	}
	lambda.Start(func(ctx context.Context, order string) (map[string]string, error) {
		switch order {
		case "fail":
			return nil, errors.New("no seats")
		case "exit":
			os.Exit(3)
		case "hang":
			<-context.Background().Done()
		case "large":
			return map[string]string{"x": strings.Repeat("x", 7<<20)}, nil
		}
		c, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		trace, _ := ctx.Value("x-amzn-trace-id").(string)
		return map[string]string{
			"said": order, "arn": c.InvokedFunctionArn, "deadline": deadline.UTC().Format(time.RFC3339), "trace": trace, "name": lambdacontext.FunctionName,
			"table": os.Getenv("TABLE"), "home": os.Getenv("HOME"),
		}, nil
	})
}

func start(t *testing.T, play string) (*runtimeapi.Process, error) {
	t.Helper()
	return runtimeapi.Start(t.Context(), runtimeapi.Config{
		Binary: os.Args[0], Name: "tickets-api", MemoryMB: 256, Environment: []string{"PLAY=" + play, "TABLE=seats"}, Log: io.Discard,
	})
}

func invoke(t *testing.T, p *runtimeapi.Process, order string, within time.Duration) ([]byte, error) {
	t.Helper()
	payload, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	return p.Invoke(t.Context(), runtimeapi.Invocation{
		Payload: payload, Deadline: time.Now().Add(within), ARN: "arn:aws:lambda:eu-central-1:123456789012:function:tickets-api:live",
		Trace: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
	})
}

func TestAFunctionAnswersAsInLambda(t *testing.T) {
	t.Parallel()
	p, err := start(t, "function")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	deadline := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	for _, order := range []string{"first", "second"} {
		answer, err := invoke(t, p, order, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		if got["said"] != order || got["arn"] != "arn:aws:lambda:eu-central-1:123456789012:function:tickets-api:live" || got["deadline"] < deadline ||
			got["trace"] != "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1" || got["name"] != "tickets-api" || got["table"] != "seats" || got["home"] != "" {
			t.Errorf("answered %v", got)
		}
	}
	var failed *runtimeapi.FunctionError
	if _, err := invoke(t, p, "fail", time.Minute); !errors.As(err, &failed) || failed.Message != "no seats" || failed.Type != "errorString" {
		t.Errorf("it fails with %v", err)
	}
	if _, err := invoke(t, p, "large", time.Minute); !errors.As(err, &failed) || failed.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("7 MiB are answered by %v", err)
	}
	if _, err := invoke(t, p, "again", time.Minute); err != nil {
		t.Errorf("after failures: %v", err)
	}
}

func TestAProcessThatEndsSaysWhat(t *testing.T) {
	t.Parallel()
	if _, err := start(t, "broken"); err == nil || err.Error() != "ended before it asked for an invocation (exit status 1): TABLE is not set" {
		t.Errorf("a process that does not start: %v", err)
	}
	p, err := start(t, "function")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	var ended *runtimeapi.Ended
	if _, err := invoke(t, p, "exit", time.Minute); !errors.As(err, &ended) || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a process that ends: %v", err)
	}
	if _, err := invoke(t, p, "again", time.Minute); !errors.As(err, &ended) {
		t.Errorf("a process that has ended: %v", err)
	}
}

func TestNothingIsWaitedForAfterTheDeadline(t *testing.T) {
	t.Parallel()
	p, err := start(t, "function")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := invoke(t, p, "hang", 100*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a function that hangs: %v", err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}
