package apigateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// event has what both formats say about a request.
type event struct {
	Version string `json:"version"`

	// 1.0
	Resource    string              `json:"resource"`
	Path        string              `json:"path"`
	HTTPMethod  string              `json:"httpMethod"`
	MultiHeader map[string][]string `json:"multiValueHeaders"`
	Query       map[string]string   `json:"queryStringParameters"`
	MultiQuery  map[string][]string `json:"multiValueQueryStringParameters"`

	// 2.0
	RouteKey string   `json:"routeKey"`
	RawPath  string   `json:"rawPath"`
	RawQuery string   `json:"rawQueryString"`
	Cookies  []string `json:"cookies"`

	Headers        map[string]string `json:"headers"`
	Body           string            `json:"body"`
	Base64         bool              `json:"isBase64Encoded"`
	RequestContext struct {
		Stage      string `json:"stage"`
		DomainName string `json:"domainName"`
		Path       string `json:"path"`
		Identity   struct {
			SourceIP string `json:"sourceIp"`
		} `json:"identity"`
		HTTP struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

func (e *event) request(ctx context.Context, f format) (*http.Request, error) {
	u, err := e.url(f)
	if err != nil {
		return nil, err
	}
	body := []byte(e.Body)
	if e.Base64 {
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, errors.New("payload: the body is not base64")
		}
	}
	header := e.header()
	host := header.Get("Host")
	if host == "" {
		host = e.RequestContext.DomainName
	}
	header.Del("Host") // net/http keeps it apart
	method, sourceIP := e.HTTPMethod, e.RequestContext.Identity.SourceIP
	if f == v2 {
		method, sourceIP = e.RequestContext.HTTP.Method, e.RequestContext.HTTP.SourceIP
	}
	// A client that does not name its request has it named like the invocation, so
	// that the answer, the service's log and Lambda's say the same.
	if invocation, ok := lambdacontext.FromContext(ctx); ok && header.Get(requestID) == "" {
		header.Set(requestID, invocation.AwsRequestID)
	}
	r := &http.Request{
		Method:        method,
		URL:           u,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          http.NoBody,
		ContentLength: int64(len(body)),
		Host:          host,
		RequestURI:    u.RequestURI(),
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if sourceIP != "" {
		r.RemoteAddr = net.JoinHostPort(sourceIP, "0") // the port is not told
	}
	return r.WithContext(ctx), nil
}

const requestID = "X-Request-Id"

// header merges the two maps of format 1.0. In 2.0 values of a repeated header come
// joined by commas and stay so: to split them would break dates and the like.
func (e *event) header() http.Header {
	header := make(http.Header, len(e.Headers)+len(e.MultiHeader)+2)
	for name, values := range e.MultiHeader {
		for _, v := range values {
			header.Add(name, v)
		}
	}
	for name, v := range e.Headers {
		if name = http.CanonicalHeaderKey(name); header[name] == nil {
			header[name] = []string{v}
		}
	}
	if len(e.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(e.Cookies, "; ")}
	}
	return header
}

func (e *event) url(f format) (*url.URL, error) {
	path, route := e.Path, e.Resource
	if f == v2 {
		path, route = e.RawPath, e.RouteKey
		if stage := e.RequestContext.Stage; stage != "$default" {
			path = cutSegment(path, stage)
		}
	}
	path = cutBase(path, route)
	if f == v1 && path == e.RequestContext.Path && literal(route) == "" {
		// A custom domain whose mapping names no stage. REST APIs leave the stage out
		// of the path elsewhere.
		path = cutSegment(path, e.RequestContext.Stage)
	}
	u, err := url.ParseRequestURI(escape(path))
	if err != nil {
		return nil, fmt.Errorf("payload: path: %w", err)
	}
	// In a request's path a host cannot be: it only looks like one.
	u = &url.URL{Path: u.Path, RawPath: u.RawPath}
	if f == v2 {
		u.RawQuery = e.RawQuery
		return u, nil
	}
	query := url.Values(e.MultiQuery)
	if query == nil {
		query = make(url.Values, len(e.Query))
	}
	for name, v := range e.Query {
		if query[name] == nil {
			query.Set(name, v)
		}
	}
	u.RawQuery = query.Encode() // the event has them decoded
	return u, nil
}
