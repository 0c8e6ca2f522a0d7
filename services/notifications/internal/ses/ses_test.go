package ses_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/ses"
)

const from = "Ticketmesh <tickets@ticketmesh.example>"

// request is a SendEmail as it goes over the wire.
type request struct {
	ConfigurationSetName string
	Destination          struct{ ToAddresses []string }
	EmailTags            []struct{ Name, Value string }
	Content              struct{ Raw struct{ Data []byte } }
}

// wiretap keeps the requests that were answered with success.
type wiretap struct {
	mu       sync.Mutex
	accepted []request
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusOK && strings.HasSuffix(r.URL.Path, "/outbound-emails") {
		var sent request
		if err := json.Unmarshal(body, &sent); err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.accepted = append(w.accepted, sent)
	}
	return response, err
}

func (w *wiretap) all() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]request(nil), w.accepted...)
}

func open(t *testing.T, endpoint string, transport http.RoundTripper) (*ses.Mailer, *sesv2.Client) {
	t.Helper()
	client := sesv2.New(sesv2.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(endpoint), HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	m, err := ses.New(client, ses.Config{From: from, ConfigurationSet: "ticketmesh-test", Rate: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return m, client
}

func TestMailerConforms(t *testing.T) {
	t.Parallel()
	endpoint := testserver.Moto(t)
	apptest.Mailer(t, func(t *testing.T) apptest.Carrier {
		w := &wiretap{}
		m, client := open(t, endpoint, w)
		if _, err := client.CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("ticketmesh.example")}); err != nil {
			t.Fatal(err)
		}
		return apptest.Carrier{Mailer: m, Delivered: func() []apptest.Delivered {
			var list []apptest.Delivered
			for _, sent := range w.all() {
				list = append(list, parse(t, sent))
			}
			return list
		}}
	})
}

// parse reads what the recipient gets: SES puts a Message-ID of its own over ours.
func parse(t *testing.T, sent request) apptest.Delivered {
	t.Helper()
	d, header := apptest.ParseMail(t, sent.Content.Raw.Data)
	if len(sent.Destination.ToAddresses) != 1 || len(sent.EmailTags) != 1 || sent.EmailTags[0].Name != "message" || sent.ConfigurationSetName != "ticketmesh-test" {
		t.Fatalf("to %v, tags %v, configuration set %s", sent.Destination, sent.EmailTags, sent.ConfigurationSetName)
	}
	if to, err := header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != sent.Destination.ToAddresses[0] {
		t.Errorf("To = %v, %v", to, err)
	}
	d.To = sent.Destination.ToAddresses[0]
	if got, want := header.Get("X-Ticketmesh-Message-Id"), d.ID.String()+"@ticketmesh.example"; got != want || sent.EmailTags[0].Value != d.ID.String() {
		t.Errorf("header %q, tag %q, want %q", got, sent.EmailTags[0].Value, want)
	}
	return d
}

func to(address string) message.Mail {
	return message.Mail{ID: id.New(), To: address, Subject: "s", Text: "t", Date: time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)}
}

// recorder keeps what begins and how it ends.
type recorder struct {
	mu   sync.Mutex
	said []string
}

func (r *recorder) Begin(ctx context.Context, name string, kind tracing.Kind, parent tracing.Link) (context.Context, string, func(bool)) {
	return ctx, "00f067aa0ba902b7", func(failed bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, fmt.Sprint(name, " ", kind == tracing.Root, " ", parent.TraceID, " ", parent.SegmentID, " ", failed))
	}
}

func TestAMailIsInTheTraceOfItsEvent(t *testing.T) {
	t.Parallel()
	endpoint, _ := refusing(t, http.StatusBadRequest, "BadRequestException", "no")
	m, _ := open(t, endpoint, http.DefaultTransport)
	var r recorder
	mail := to("anna@example.com")
	mail.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	m.Send(tracing.With(t.Context(), &r, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"), []message.Mail{mail})
	if want := []string{"mail true 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 true"}; !slices.Equal(r.said, want) {
		t.Errorf("recorded %q, want %q", r.said, want)
	}
}

// refusing answers as SES does.
func refusing(t *testing.T, status int, code, text string) (endpoint string, calls func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

func TestWhatSESSaysDecides(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		status   int
		code     string
		text     string
		rejected bool
	}{
		{"an address it does not take", 400, "BadRequestException", "Illegal address: anna@example.com", true},
		{"content it does not take", 400, "MessageRejected", "Transaction failed: Expected disposition, got null", true},
		{"a sender who is not verified", 400, "MessageRejected", "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: anna@example.com", false},
		{"a sender whose domain is not verified", 400, "MailFromDomainNotVerifiedException", "", false},
		{"no such configuration set", 404, "NotFoundException", "", false},
		{"too many a second", 429, "TooManyRequestsException", "Maximum sending rate exceeded.", false},
		{"too many a day", 400, "LimitExceededException", "Daily message quota exceeded.", false},
		{"the account is paused", 400, "SendingPausedException", "", false},
		{"the account is suspended", 400, "AccountSuspendedException", "", false},
		{"no permission", 403, "AccessDeniedException", "", false},
		{"trouble of its own", 500, "InternalFailure", "", false},
		{"trouble on the way", 503, "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			endpoint, calls := refusing(t, tt.status, tt.code, tt.text)
			m, _ := open(t, endpoint, http.DefaultTransport)
			err := m.Send(t.Context(), []message.Mail{to("anna@example.com")})[0]
			if err == nil || errors.Is(err, message.ErrRejected) != tt.rejected {
				t.Errorf("error = %v, want rejected: %v", err, tt.rejected)
			}
			if err != nil && (strings.Contains(err.Error(), "@example.com") || !strings.Contains(err.Error(), tt.code)) {
				t.Errorf("the error tells the address, or not the code: %v", err)
			}
			if n := calls(); n != 1 {
				t.Errorf("called %d times: a mail whose answer is an error may be out", n)
			}
		})
	}
}

func TestAnSESThatIsDownRejectsNothing(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	m, _ := open(t, s.URL, http.DefaultTransport)
	for _, err := range m.Send(t.Context(), []message.Mail{to("a@example.com"), to("b@example.com")}) {
		if err == nil || errors.Is(err, message.ErrRejected) {
			t.Errorf("error = %v", err)
		}
	}
}

func TestAddressesBeyondASCII(t *testing.T) {
	t.Parallel()
	endpoint := testserver.Moto(t)
	tests := []struct {
		name string
		give string
		want string // empty: rejected
	}{
		{"a domain goes in Punycode", "anna@bücher.example", "anna@xn--bcher-kva.example"},
		{"a mailbox can't be reached", "änna@example.com", ""},
		{"a domain that is none", "anna@-ü-.example", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &wiretap{}
			m, client := open(t, endpoint, w)
			if _, err := client.CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("ticketmesh.example")}); err != nil {
				t.Fatal(err)
			}
			err := m.Send(t.Context(), []message.Mail{to(tt.give)})[0]
			if tt.want == "" {
				if !errors.Is(err, message.ErrRejected) || len(w.all()) != 0 {
					t.Errorf("error = %v, %d sent", err, len(w.all()))
				}
				return
			}
			if err != nil || len(w.all()) != 1 || parse(t, w.all()[0]).To != tt.want {
				t.Errorf("error = %v, sent %v", err, w.all())
			}
		})
	}
}

// double is an SES within the process, so that it can be called in a bubble of time.
type double func() (status int)

func (d double) Do(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: d(), Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"MessageId":"x"}`)),
	}, nil
}

func paced(t *testing.T, rate int, d double) *ses.Mailer {
	t.Helper()
	client := sesv2.New(sesv2.Options{Region: "eu-central-1", HTTPClient: d, Credentials: aws.AnonymousCredentials{}})
	m, err := ses.New(client, ses.Config{From: from, ConfigurationSet: "s", Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func many(n int) []message.Mail {
	mails := make([]message.Mail, n)
	for i := range mails {
		mails[i] = to("anna@example.com")
	}
	return mails
}

func TestTheRateIsKeptOverBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		m := paced(t, 10, func() int { return http.StatusOK })
		for range 2 {
			for _, err := range m.Send(t.Context(), many(20)) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if took, want := time.Since(begin), 3900*time.Millisecond; took != want {
			t.Errorf("40 mails went out in %s, want %s", took, want)
		}
	})
}

func TestCallsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ rate, want int }{{3, 3}, {1000, 16}} {
		t.Run(strconv.Itoa(tt.rate), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var running atomic.Int32
				answer := make(chan struct{})
				m := paced(t, tt.rate, func() int {
					running.Add(1)
					<-answer
					return http.StatusOK
				})
				done := make(chan []error)
				go func() { done <- m.Send(context.Background(), many(64)) }()
				time.Sleep(9 * time.Second) // of the bubble, and shorter than a call may take
				synctest.Wait()
				if got := int(running.Load()); got != tt.want {
					t.Errorf("%d calls at once, want %d", got, tt.want)
				}
				close(answer)
				<-done
			})
		})
	}
}

func TestMailsThatCannotGoOutInTimeAreNotTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		m := paced(t, 1, func() int { calls++; return http.StatusOK })
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		errs := m.Send(ctx, many(4))
		if errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], context.DeadlineExceeded) || !errors.Is(errs[3], context.DeadlineExceeded) || calls != 2 {
			t.Errorf("errors = %v after %d calls, want two calls", errs, calls)
		}
	})
}

func TestConfigurationSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := ses.New(nil, ses.Config{From: "nobody", Rate: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"nobody", "configuration set", "-1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't say %s", err, want)
		}
	}
	if _, err := ses.New(nil, ses.Config{From: from, ConfigurationSet: "s", Rate: 1}); err != nil {
		t.Error(err)
	}
}
