// Package awsconfig is how a Lambda function reaches AWS: the configuration of the
// SDK's clients, made by hand from what Lambda sets in the environment, and values of
// Secrets Manager and Parameter Store, read when they are first needed. It makes no
// client of a service and must link none: a function pays at each cold start for
// what it links.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// connectTimeout bounds the connection's making and, again, its TLS handshake.
	// Both end in the same region.
	connectTimeout = 2 * time.Second
	// ResponseTimeout is how long the client of New waits for the head of an answer.
	// After a thaw a connection may be dead without anybody having said so, and this
	// is what then makes the SDK try again on another.
	ResponseTimeout = 5 * time.Second
	// idleConnections is how many connections to one service are kept: one function
	// handles one request at a time, which may itself read several things at once.
	idleConnections = 16
)

const defaultAttempts = 3

// New returns the configuration that the environment describes: AWS_REGION (or
// AWS_DEFAULT_REGION), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN;
// AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS;
// AWS_RETRY_MODE and AWS_MAX_ATTEMPTS, standard and 3 without. Nothing else of what
// the SDK's config package looks at is looked at: no file is read and no server asked.
// The error names everything that is missing or wrong.
//
// The clients made of it share one pool of connections.
func New(getenv func(string) string) (aws.Config, error) {
	e := environment(getenv)
	var errs []error
	credentials := aws.Credentials{
		AccessKeyID:     e.required("AWS_ACCESS_KEY_ID", &errs),
		SecretAccessKey: e.required("AWS_SECRET_ACCESS_KEY", &errs),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	region := getenv("AWS_DEFAULT_REGION")
	if r := getenv("AWS_REGION"); r != "" || region == "" {
		region = e.required("AWS_REGION", &errs)
	}
	mode := aws.RetryModeStandard
	if v := getenv("AWS_RETRY_MODE"); v != "" {
		var err error
		if mode, err = aws.ParseRetryMode(v); err != nil {
			errs = append(errs, fmt.Errorf("AWS_RETRY_MODE: %w", err))
		}
	}
	attempts := defaultAttempts
	if v := getenv("AWS_MAX_ATTEMPTS"); v != "" {
		var err error
		if attempts, err = strconv.Atoi(v); err != nil || attempts < 1 {
			errs = append(errs, fmt.Errorf("AWS_MAX_ATTEMPTS: %q is not a number of attempts", v))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return aws.Config{}, err
	}
	c := aws.Config{
		Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		HTTPClient:       Client(ResponseTimeout),
		RetryMode:        mode,
		RetryMaxAttempts: attempts,
		ConfigSources:    []any{endpoints(getenv)},
	}
	if all := endpoints(getenv).all(); all != "" {
		c.BaseEndpoint = &all
	}
	return c, nil
}

// Client returns an HTTP client with a pool of connections of its own that waits as
// long as response for the head of an answer. It is for what takes longer than
// ResponseTimeout, such as a long poll.
func Client(response time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = connectTimeout
			t.ResponseHeaderTimeout = response
			t.MaxIdleConnsPerHost = idleConnections
		})
}

// environment reads what must be there.
type environment func(string) string

func (e environment) required(name string, errs *[]error) string {
	v := e(name)
	if v == "" {
		*errs = append(*errs, fmt.Errorf("%s is not set", name))
	}
	return v
}

// endpoints is the environment as the SDK's clients ask it for the endpoint of their
// service: they find these methods among the ConfigSources.
type endpoints func(string) string

// all is the endpoint of all services, or empty.
func (e endpoints) all() string {
	if ignored, _, _ := e.GetIgnoreConfiguredEndpoints(context.Background()); ignored {
		return ""
	}
	return e("AWS_ENDPOINT_URL")
}

// GetServiceBaseEndpoint returns the endpoint of one service. SDK ids are written as
// in "Secrets Manager", for which the variable is AWS_ENDPOINT_URL_SECRETS_MANAGER.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	v := e("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(sdkID, " ", "_")))
	return v, v != "", nil
}

// GetIgnoreConfiguredEndpoints says whether endpoints of the environment count.
func (e endpoints) GetIgnoreConfiguredEndpoints(context.Context) (ignored, found bool, err error) {
	v := e("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
	return strings.EqualFold(v, "true"), v != "", nil
}
