package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// emulator is moto server as the account's owner calls it. It checks no signature, and
// finds the service by what the header says of one.
type emulator struct{ endpoint, region string }

// services are the names to sign for, by the targets of their operations.
var services = map[string]string{
	"DynamoDB_20120810": "dynamodb", "DynamoDBStreams_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSEvents": "events",
	"secretsmanager": "secretsmanager", "AmazonSSM": "ssm",
}

// call calls an operation of a service that speaks JSON, for instance
// AmazonSQS.SendMessage. out may be nil.
func (e emulator) call(ctx context.Context, operation string, in, out any) error {
	target, _, _ := strings.Cut(operation, ".")
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return e.send(ctx, services[target], http.MethodPost, "/", http.Header{"X-Amz-Target": {operation}, "Content-Type": {"application/x-amz-json-1.0"}}, body, out)
}

// rest calls an operation of a service that has paths.
func (e emulator) rest(ctx context.Context, service, method, path string, in any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	return e.send(ctx, service, method, path, http.Header{"Content-Type": {"application/json"}}, body, nil)
}

func (e emulator) send(ctx context.Context, service, method, path string, header http.Header, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, e.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+Operator+"/20260101/"+e.region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s%s: %s: %s", service, method+" "+path, header.Get("X-Amz-Target"), response.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
