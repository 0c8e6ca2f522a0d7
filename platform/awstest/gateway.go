package awstest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// variable is what in a path is none of a route.
var variable = regexp.MustCompile(`[0-9a-f-]{36}|\b[0-9]+\b`)

// REST plays a REST API to which all types are binary, with a stage that is called as the
// paths begin: it passes requests on to a function as payloads of format 1.0, and what
// the function answers back. A function that fails is 502.
func REST(stage string, function func(ctx context.Context, payload []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, body, err := ask(r, stage, function)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		maps.Copy(w.Header(), answer.MultiValueHeaders)
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(body)
	})
}

func ask(r *http.Request, stage string, function func(ctx context.Context, payload []byte) ([]byte, error)) (answer events.APIGatewayProxyResponse, body []byte, err error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return answer, nil, err
	}
	path, under := strings.CutPrefix(r.URL.Path, "/"+stage)
	if !under {
		return answer, nil, fmt.Errorf("%s is not in stage %s", r.URL.Path, stage)
	}
	if path == "" {
		path = "/"
	}
	query := r.URL.Query()
	payload, err := json.Marshal(map[string]any{
		"resource": variable.ReplaceAllString(path, "{variable}"), "path": path, "httpMethod": r.Method,
		"headers": last(url.Values(r.Header)), "multiValueHeaders": r.Header,
		"queryStringParameters": last(query), "multiValueQueryStringParameters": query,
		"requestContext": map[string]any{
			"stage": stage, "path": r.URL.Path, "domainName": "x1.execute-api.eu-central-1.amazonaws.com",
			"identity": map[string]string{"sourceIp": "203.0.113.7"},
		},
		"body": base64.StdEncoding.EncodeToString(sent), "isBase64Encoded": true,
	})
	if err != nil {
		return answer, nil, err
	}
	told, err := function(r.Context(), payload)
	if err != nil {
		return answer, nil, err
	}
	if err := json.Unmarshal(told, &answer); err != nil {
		return answer, nil, err
	}
	if !answer.IsBase64Encoded {
		return answer, []byte(answer.Body), nil
	}
	body, err = base64.StdEncoding.DecodeString(answer.Body)
	return answer, body, err
}

// last is what the gateway has of repeated values where it has one.
func last(values url.Values) map[string]string {
	single := make(map[string]string, len(values))
	for name, all := range values {
		single[name] = all[len(all)-1]
	}
	return single
}
