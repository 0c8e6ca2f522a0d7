package awsconfig_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ticketmesh.dev/platform/awsconfig"
)

// lambda is what Lambda sets, changed by pairs of a name and a value.
func lambda(pairs ...string) func(string) string {
	e := map[string]string{
		"AWS_REGION":            "eu-central-1",
		"AWS_ACCESS_KEY_ID":     "AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY": "key",
		"AWS_SESSION_TOKEN":     "session",
	}
	for i := 0; i < len(pairs); i += 2 {
		e[pairs[i]] = pairs[i+1]
	}
	e = maps.Clone(e)
	return func(name string) string { return e[name] }
}

func configure(t *testing.T, getenv func(string) string) aws.Config {
	t.Helper()
	c, err := awsconfig.New(getenv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheConfigurationIsThatOfTheEnvironment(t *testing.T) {
	t.Parallel()
	c := configure(t, lambda())
	credentials, err := c.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if credentials.AccessKeyID != "AKIDEXAMPLE" || credentials.SecretAccessKey != "key" || credentials.SessionToken != "session" {
		t.Errorf("credentials are %q, %q, %q", credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken)
	}
	if c.Region != "eu-central-1" || c.RetryMode != aws.RetryModeStandard || c.RetryMaxAttempts != 3 || c.BaseEndpoint != nil {
		t.Errorf("got %q, %q, %d, %v", c.Region, c.RetryMode, c.RetryMaxAttempts, c.BaseEndpoint)
	}
	c = configure(t, lambda("AWS_REGION", "", "AWS_DEFAULT_REGION", "us-east-1", "AWS_RETRY_MODE", "adaptive", "AWS_MAX_ATTEMPTS", "5"))
	if c.Region != "us-east-1" || c.RetryMode != aws.RetryModeAdaptive || c.RetryMaxAttempts != 5 {
		t.Errorf("got %q, %q, %d", c.Region, c.RetryMode, c.RetryMaxAttempts)
	}
}

func TestTheErrorNamesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := awsconfig.New(lambda("AWS_REGION", "", "AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "", "AWS_RETRY_MODE", "often", "AWS_MAX_ATTEMPTS", "0"))
	if err == nil {
		t.Fatal("want an error")
	}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %q", name, err)
		}
	}
}

// The SDK's own clients and the readers of this package must find the same server.
func TestClientsFindTheirEndpoint(t *testing.T) {
	t.Parallel()
	server := func(name string, asked chan<- string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked <- name
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
		}))
		t.Cleanup(s.Close)
		return s
	}
	tests := []struct {
		name            string
		pairs           func(all, own string) []string
		secrets, others string
	}{
		{"one for all", func(all, _ string) []string { return []string{"AWS_ENDPOINT_URL", all} }, "all", "all"},
		{"one of its own", func(all, own string) []string {
			return []string{"AWS_ENDPOINT_URL", all, "AWS_ENDPOINT_URL_SECRETS_MANAGER", own}
		}, "own", "all"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 10)
			all, own := server("all", asked), server("own", asked)
			c := configure(t, lambda(append(tt.pairs(all.URL, own.URL), "AWS_MAX_ATTEMPTS", "1")...))
			want := func(who, want string, err error) {
				t.Helper()
				if err == nil {
					t.Fatal("the server refuses, and there is no error")
				}
				select {
				case got := <-asked:
					if got != want {
						t.Errorf("%s asked %q, want %q", who, got, want)
					}
				default:
					t.Errorf("%s asked neither: %v", who, err)
				}
			}
			_, err := secretsmanager.NewFromConfig(c).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
			want("the client of Secrets Manager", tt.secrets, err)
			_, err = awsconfig.NewSecret(c, "s", awsconfig.Text, awsconfig.Options{}).Get(t.Context())
			want("the secret", tt.secrets, err)
			_, err = ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("p")})
			want("the client of Systems Manager", tt.others, err)
			_, err = awsconfig.NewParameter(c, "p", awsconfig.Text, awsconfig.Options{}).Get(t.Context())
			want("the parameter", tt.others, err)
		})
	}
}

func TestIgnoredEndpointsAreNotAsked(t *testing.T) {
	t.Parallel()
	var urls []string
	c := configure(t, lambda("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true",
		"AWS_ENDPOINT_URL", "http://all.invalid", "AWS_ENDPOINT_URL_SSM", "http://own.invalid"))
	c.RetryMaxAttempts = 1
	c.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		urls = append(urls, r.URL.String())
		return nil, http.ErrHandlerTimeout
	})
	_, err := ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("p")})
	if err == nil {
		t.Error("want an error")
	}
	if _, err := awsconfig.NewParameter(c, "p", awsconfig.Text, awsconfig.Options{}).Get(t.Context()); err == nil {
		t.Error("want an error")
	}
	c.Region = "cn-north-1"
	if _, err := awsconfig.NewParameter(c, "p", awsconfig.Text, awsconfig.Options{}).Get(t.Context()); err == nil {
		t.Error("want an error")
	}
	want := "https://ssm.eu-central-1.amazonaws.com/ https://ssm.eu-central-1.amazonaws.com https://ssm.cn-north-1.amazonaws.com.cn"
	if got := strings.Join(urls, " "); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := awsconfig.Client(time.Millisecond).Do(r)
	if err == nil {
		response.Body.Close()
		t.Error("want an error")
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
