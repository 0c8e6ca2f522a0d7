package awsconfig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// target is an operation of a service that speaks AWS's JSON protocol 1.1, which is a
// signed POST. One operation each of two services is all that is needed here, and their
// clients would cost each cold start more than all the rest of this package.
type target struct {
	sdkID     string // as in AWS_ENDPOINT_URL_<SERVICE>
	host      string // also the name to sign for
	operation string // as in X-Amz-Target
}

// maxAnswerBytes is far above what both services keep in a value, 64 KiB.
const maxAnswerBytes = 1 << 20

// call sends in and decodes the answer into out. What AWS or the network may get over
// is tried again, as the SDK does it, while ctx lasts. Errors name no value.
func (t target) call(ctx context.Context, c aws.Config, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	retrier := retry.NewStandard()
	for attempt := 1; ; attempt++ {
		err := t.try(ctx, c, body, out)
		if err == nil || attempt >= max(c.RetryMaxAttempts, 1) || !retrier.IsErrorRetryable(err) {
			return err
		}
		delay, delayErr := retrier.RetryDelay(attempt, err)
		if delayErr != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delay):
		}
	}
}

func (t target) try(ctx context.Context, c aws.Config, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint(c), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", t.operation)
	credentials, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	// The signature's time is the machine's: AWS compares it with its own.
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), t.host, c.Region, time.Now()); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	response, err := c.HTTPClient.Do(r)
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	if response.StatusCode != http.StatusOK {
		return newRefusal(response.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		// The decoder's error may quote what it could not read.
		return fmt.Errorf("the answer to %s is not as expected", t.operation)
	}
	return nil
}

// endpoint finds the service in the order in which its own client would.
func (t target) endpoint(c aws.Config) string {
	for _, source := range c.ConfigSources {
		e, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
			GetIgnoreConfiguredEndpoints(ctx context.Context) (ignored, found bool, err error)
		})
		if !ok {
			continue
		}
		ctx := context.Background()
		if ignored, _, _ := e.GetIgnoreConfiguredEndpoints(ctx); ignored {
			break
		}
		if url, found, err := e.GetServiceBaseEndpoint(ctx, t.sdkID); found && err == nil {
			return url
		}
	}
	if c.BaseEndpoint != nil {
		return *c.BaseEndpoint
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(c.Region, "cn-") {
		domain += ".cn"
	}
	return "https://" + t.host + "." + c.Region + "." + domain
}

// refusal is AWS's no. Its methods are those by which the SDK decides on another try.
type refusal struct {
	status        int
	code, message string
}

func newRefusal(status int, answer []byte) *refusal {
	var body struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer, &body); err != nil || body.Type == "" {
		return &refusal{status: status, code: http.StatusText(status)}
	}
	return &refusal{status: status, code: body.Type[strings.LastIndexByte(body.Type, '#')+1:], message: body.Message}
}

func (r *refusal) Error() string {
	if r.message == "" {
		return r.code
	}
	return r.code + ": " + r.message
}

func (r *refusal) ErrorCode() string   { return r.code }
func (r *refusal) HTTPStatusCode() int { return r.status }
