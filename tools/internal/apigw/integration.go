package apigw

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// integration is what is behind a method.
type integration struct {
	Type              string
	URI               string
	Credentials       string
	PayloadFormat     string `json:"payloadFormatVersion"`
	RequestParameters map[string]string
	RequestTemplates  map[string]string
	Responses         map[string]integrationResponse
}

type integrationResponse struct {
	StatusCode         string
	ResponseParameters map[string]string
	ResponseTemplates  map[string]string
}

// check refuses what is not played here.
func (i integration) check() error {
	switch {
	case i.Type == "aws_proxy" && strings.Contains(i.URI, ":lambda:path/"), i.Type == "mock":
		return nil
	case i.Type == "aws" && (strings.Contains(i.URI, ":s3:path/") || strings.Contains(i.URI, ":lambda:path/")):
		return nil
	}
	return fmt.Errorf("an integration of type %q with %s is not played here", i.Type, i.URI)
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.(\w+)\}`)

// functionOf is the ARN of the function in the URI of an integration or authorizer. A
// stage variable that there is not stays, so that no function has the name.
func functionOf(uri string, variables map[string]string) (string, error) {
	_, after, ok := strings.Cut(uri, "/functions/")
	arn, _, end := strings.Cut(after, "/invocations")
	if !ok || !end {
		return "", fmt.Errorf("%s names no function", uri)
	}
	return stageVariable.ReplaceAllStringFunc(arn, func(variable string) string {
		value, ok := variables[stageVariable.FindStringSubmatch(variable)[1]]
		if !ok {
			return variable
		}
		return value
	}), nil
}

// call calls a service of AWS: an object of S3 is read, a function is invoked without
// its answer.
func (a *REST) call(w http.ResponseWriter, r *request) {
	i := r.route.op.Integration
	var response *http.Response
	var err error
	if _, path, ok := strings.Cut(i.URI, ":s3:path/"); ok {
		header := http.Header{}
		for to, from := range i.RequestParameters {
			if name, ok := strings.CutPrefix(to, "integration.request.header."); ok {
				if value := r.Header.Get(strings.TrimPrefix(from, "method.request.header.")); value != "" {
					header.Set(name, value)
				}
			}
		}
		for name, value := range r.variables {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		response, err = a.aws.Object(r.Context(), i.Credentials, path, header)
	} else {
		response, err = a.event(r)
	}
	if err != nil {
		a.fail(w, "INTEGRATION_FAILURE", http.StatusGatewayTimeout)
		return
	}
	defer response.Body.Close()
	a.respond(w, i, response)
}

const asEvent = "integration.request.header.X-Amz-Invocation-Type"

// event invokes a function by the template of the request.
func (a *REST) event(r *request) (*http.Response, error) {
	i := r.route.op.Integration
	if i.RequestParameters[asEvent] != "'Event'" {
		return nil, fmt.Errorf("only events are played here")
	}
	function, err := functionOf(i.URI, a.api.Variables)
	if err != nil {
		return nil, err
	}
	payload, err := fill(i.RequestTemplates["application/json"], r.variables)
	if err != nil {
		return nil, err
	}
	status := http.StatusAccepted
	if _, err := a.aws.Invoke(r.Context(), function, a.method(r), []byte(payload), true); err != nil {
		status = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}, nil
}

var pathVariable = regexp.MustCompile(`\$util\.escapeJavaScript\(\$input\.params\(\)\.path\.(\w+)\)`)

// fill fills a mapping template, of which the mesh uses one expression.
func fill(template string, variables map[string]string) (string, error) {
	filled := pathVariable.ReplaceAllStringFunc(template, func(expression string) string {
		text, _ := json.Marshal(variables[pathVariable.FindStringSubmatch(expression)[1]])
		return string(text[1 : len(text)-1])
	})
	if strings.Contains(filled, "$") {
		return "", fmt.Errorf("the template %s is not played here", template)
	}
	return filled, nil
}

// mock answers what its template says.
func (a *REST) mock(w http.ResponseWriter, r *request) {
	var said struct{ StatusCode int }
	if err := json.Unmarshal([]byte(r.route.op.Integration.RequestTemplates["application/json"]), &said); err != nil {
		a.fail(w, "API_CONFIGURATION_ERROR", http.StatusInternalServerError)
		return
	}
	a.respond(w, r.route.op.Integration, &http.Response{StatusCode: said.StatusCode, Header: http.Header{}, Body: http.NoBody})
}

// respond answers by the integration's response for the status.
func (a *REST) respond(w http.ResponseWriter, i integration, from *http.Response) {
	said, ok := i.Responses["default"]
	for pattern, response := range i.Responses {
		if pattern == "default" {
			continue
		}
		if matched, err := regexp.MatchString("^(?:"+pattern+")$", strconv.Itoa(from.StatusCode)); err == nil && matched {
			said, ok = response, true
			break
		}
	}
	status, err := strconv.Atoi(said.StatusCode)
	if !ok || err != nil {
		a.fail(w, "API_CONFIGURATION_ERROR", http.StatusInternalServerError)
		return
	}
	for to, source := range said.ResponseParameters {
		value := strings.Trim(source, "'")
		if header, ok := strings.CutPrefix(source, "integration.response.header."); ok {
			value = from.Header.Get(header)
		}
		if name, ok := strings.CutPrefix(to, "method.response.header."); ok && value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(status)
	template, ok := said.ResponseTemplates["application/json"]
	if !ok {
		_, _ = io.Copy(w, from.Body)
		return
	}
	_, _ = w.Write([]byte(template))
}
