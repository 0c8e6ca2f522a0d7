package awsconfig_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
)

func moto(t *testing.T) aws.Config {
	t.Helper()
	return configure(t, lambda("AWS_ENDPOINT_URL", testserver.Moto(t)))
}

func TestSecretsAreReadAndRotate(t *testing.T) {
	t.Parallel()
	c := moto(t)
	client := secretsmanager.NewFromConfig(c)
	created, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(id.New().String()), SecretString: aws.String("old"),
	})
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Date(2027, 6, 1, 20, 0, 0, 0, time.UTC))
	secret := awsconfig.NewSecret(c, *created.ARN, awsconfig.Text, awsconfig.Options{Clock: now})
	want := func(want string) {
		t.Helper()
		if got, err := secret.Get(t.Context()); err != nil || got != want {
			t.Errorf("Get() = %q, %v; want %q", got, err, want)
		}
	}
	put := func(value string) {
		t.Helper()
		if _, err := client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: created.ARN, SecretString: aws.String(value)}); err != nil {
			t.Fatal(err)
		}
	}
	want("old")
	put("new")
	now.Advance(awsconfig.DefaultMaxAge - time.Millisecond)
	want("old")
	now.Advance(time.Millisecond)
	want("new")
	put("newer")
	if got, err := secret.Refresh(t.Context()); err != nil || got != "newer" {
		t.Errorf("Refresh() = %q, %v", got, err)
	}
	want("newer")
	if _, err := client.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: created.ARN, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") || !strings.Contains(err.Error(), *created.ARN) {
		t.Errorf("Refresh() of what is gone: %v", err)
	}
	now.Advance(time.Hour)
	want("newer")
}

func TestBinarySecretsAreTheirBytes(t *testing.T) {
	t.Parallel()
	c := moto(t)
	name := id.New().String()
	if _, err := secretsmanager.NewFromConfig(c).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretBinary: []byte("\x00\xff")}); err != nil {
		t.Fatal(err)
	}
	got, err := awsconfig.NewSecret(c, name, awsconfig.Text, awsconfig.Options{}).Get(t.Context())
	if err != nil || got != "\x00\xff" {
		t.Errorf("Get() = %q, %v", got, err)
	}
}

func TestParametersAreDecrypted(t *testing.T) {
	t.Parallel()
	c := moto(t)
	name := "/ticketmesh/" + id.New().String()
	if _, err := ssm.NewFromConfig(c).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: aws.String("12"), Type: ssmtypes.ParameterTypeSecureString,
	}); err != nil {
		t.Fatal(err)
	}
	got, err := awsconfig.NewParameter(c, name, func(s string) (int, error) { return len(s), nil }, awsconfig.Options{}).Get(t.Context())
	if err != nil || got != 2 {
		t.Errorf("Get() = %d, %v", got, err)
	}
}

// store answers like Secrets Manager with what it is told to.
type store struct {
	mu     sync.Mutex
	status int
	body   string
	asked  atomic.Int32
	// When they are not nil a question is told to began, and its answer waits for hold.
	began, hold chan struct{}
}

func (s *store) answer(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

func (s *store) Do(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	if s.hold != nil {
		s.began <- struct{}{}
		select {
		case <-s.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader(s.body))}, nil
}

func (s *store) config(t *testing.T, attempts int) aws.Config {
	t.Helper()
	c := configure(t, lambda())
	c.HTTPClient, c.RetryMaxAttempts = s, attempts
	return c
}

func TestTheOldValueOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	number := func(s string) (string, error) {
		if s == "broken" {
			return "", errors.New("not a number")
		}
		return s, nil
	}
	for _, tt := range []struct {
		name   string
		status int
		body   string
	}{
		{"no connection", 0, ""},
		{"an error", 500, `<html>`},
		{"a refusal", 400, `{"__type":"com.amazonaws#AccessDeniedException","message":"no"}`},
		{"another answer", 200, `not JSON`},
		{"a value that cannot be parsed", 200, `{"SecretString":"broken"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &store{status: 200, body: `{"SecretString":"1"}`}
			now := clock.NewManual(time.Date(2027, 6, 1, 20, 0, 0, 0, time.UTC))
			v := awsconfig.NewSecret(s.config(t, 1), "s", number, awsconfig.Options{MaxAge: time.Minute, Clock: now})
			want := func(want string, asked int32) {
				t.Helper()
				got, err := v.Get(t.Context())
				if err != nil || got != want || s.asked.Load() != asked {
					t.Errorf("Get() = %q, %v after %d questions; want %q after %d", got, err, s.asked.Load(), want, asked)
				}
			}
			want("1", 1)
			want("1", 1)
			s.answer(tt.status, tt.body)
			now.Advance(time.Minute)
			want("1", 2)
			want("1", 2) // it does not ask again at once
			now.Advance(30 * time.Second)
			want("1", 3)
			s.answer(200, `{"SecretString":"2"}`)
			now.Advance(30 * time.Second)
			want("2", 4)
		})
	}
}

func TestWithoutAValueEveryGetTries(t *testing.T) {
	t.Parallel()
	s := &store{status: 400, body: `{"__type":"AccessDeniedException","message":"not yours"}`}
	v := awsconfig.NewSecret(s.config(t, 3), "name", awsconfig.Text, awsconfig.Options{})
	for range 2 {
		_, err := v.Get(t.Context())
		if err == nil || err.Error() != "secret name: AccessDeniedException: not yours" {
			t.Errorf("Get() fails with %v", err)
		}
	}
	if n := s.asked.Load(); n != 2 {
		t.Errorf("asked %d times: a refusal is not to be tried again", n)
	}
	s.answer(200, `{"SecretString":"x"}`)
	if got, err := v.Get(t.Context()); err != nil || got != "x" {
		t.Errorf("Get() = %q, %v", got, err)
	}
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		body   string
	}{
		{"no connection", 0, ""},
		{"unavailable", 503, ""},
		{"throttled", 400, `{"__type":"ThrottlingException"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &store{status: tt.status, body: tt.body}
			if _, err := awsconfig.NewSecret(s.config(t, 2), "s", awsconfig.Text, awsconfig.Options{}).Get(t.Context()); err == nil {
				t.Error("want an error")
			}
			if n := s.asked.Load(); n != 2 {
				t.Errorf("asked %d times, want 2", n)
			}
		})
	}
}

func TestOneReadsForAll(t *testing.T) {
	t.Parallel()
	s := &store{status: 200, body: `{"SecretString":"1"}`, began: make(chan struct{}, 9), hold: make(chan struct{})}
	v := awsconfig.NewSecret(s.config(t, 1), "s", awsconfig.Text, awsconfig.Options{})

	// One whose time is up leaves, and the reading it began goes on for the others.
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := v.Get(impatient)
		left <- err
	}()
	<-s.began
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := v.Get(t.Context()); err != nil || got != "1" {
				t.Errorf("Get() = %q, %v", got, err)
			}
		})
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that left got %v", err)
	}
	close(s.hold)
	all.Wait()
	if n := s.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}
