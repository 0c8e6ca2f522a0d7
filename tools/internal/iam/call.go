package iam

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Account is where requests are sent.
type Account struct {
	ID     string
	Region string
	// Secret returns the ARN of a secret that is known by name or ARN, and that of the
	// customer's key that it is encrypted with, or nothing.
	Secret func(id string) (arn, key string)
}

// Call is a request as an SDK sends it to AWS.
type Call struct {
	AccessKey string // of who has signed it
	Service   string // as it is signed for
	Operation string
	// Needs are what has to be allowed, all of it.
	Needs []Request
}

// Read reads a signed request: from its header, or from its URL when that was presigned.
// An operation that is not known is an error.
func (a Account) Read(r *http.Request, body []byte) (Call, error) {
	scope := strings.Split(credential(r), "/") // key, date, region, service, aws4_request
	if len(scope) != 5 {
		return Call{}, fmt.Errorf("%s %s is not signed", r.Method, r.URL.Path)
	}
	c := Call{AccessKey: scope[0], Service: scope[3]}
	var err error
	switch c.Service {
	case "s3":
		c.Operation, c.Needs, err = a.s3(r)
	case "ses":
		c.Operation, c.Needs, err = a.ses(r, body)
	default:
		c.Operation, c.Needs, err = a.json(r, body)
	}
	if err != nil {
		return c, fmt.Errorf("%s %s: %w", c.Service, c.Operation, err)
	}
	if c.Needs == nil {
		return c, fmt.Errorf("%s %s (%s %s) is not known here", c.Service, c.Operation, r.Method, r.URL.Path)
	}
	return c, nil
}

func credential(r *http.Request) string {
	if presigned := r.URL.Query().Get("X-Amz-Credential"); presigned != "" {
		return presigned
	}
	_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ := strings.Cut(after, ",")
	return scope
}

// json reads the operations of services that speak JSON and name them in a header.
func (a Account) json(r *http.Request, body []byte) (operation string, needs []Request, err error) {
	target, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	read, ok := map[string]func(operation string, body []byte) ([]Request, error){
		"DynamoDB_20120810": a.dynamodb,
		"AmazonSQS":         a.sqs,
		"AWSEvents":         a.events,
		"secretsmanager":    a.secrets,
		"AmazonSSM":         a.parameters,
	}[target]
	if !ok {
		return operation, nil, nil
	}
	needs, err = read(operation, body)
	return operation, needs, err
}

func (a Account) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + a.Region + ":" + a.ID + ":" + resource
}

func decode[T any](body []byte) (in T, err error) {
	err = json.Unmarshal(body, &in)
	return in, err
}
