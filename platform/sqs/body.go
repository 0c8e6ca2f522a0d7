package sqs

import (
	"bytes"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// wholeBodies is an option of receiving requests. Under load the SDK's reading of
// a body fails now and then with "use of closed network connection". The messages
// in it would stay invisible until their timeout; read at once, the body is there
// before the SDK can let go of its connection.
func wholeBodies(o *sqs.Options) { o.HTTPClient = wholeBodyClient{o.HTTPClient} }

type wholeBodyClient struct{ next sqs.HTTPClient }

// Do implements sqs.HTTPClient.
func (c wholeBodyClient) Do(r *http.Request) (*http.Response, error) {
	response, err := c.next.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
