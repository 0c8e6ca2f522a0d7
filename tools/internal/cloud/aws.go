package cloud

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/stacks"
)

// Operator is the access key of whoever runs the mesh, and may do everything.
const Operator = "AKIAOPERATOR"

// writeLock keeps transactions apart from all other requests: moto server applies one
// item by item where everybody sees it, and undoes what others wrote meanwhile when it
// cancels one.
type writeLock struct{ sync.RWMutex }

func (l *writeLock) forOperation(operation string) (unlock func()) {
	if operation == "TransactWriteItems" {
		l.Lock()
		return l.Unlock
	}
	l.RLock()
	return l.RUnlock
}

// serveAWS is what stands before AWS's APIs: it knows who asks by the credentials, and
// lets pass what the role allows.
func (c *Cloud) serveAWS(w http.ResponseWriter, r *http.Request) {
	if id, ok := strings.CutPrefix(r.URL.Path, customPath); ok {
		c.serveCustom(w, r, id)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // who asked is gone
	}
	account := iam.Account{ID: stacks.AccountID, Region: stacks.Region, Secret: c.secretOf}
	call, err := account.Read(r, body)
	switch caller := c.caller(call.AccessKey); {
	case call.AccessKey == Operator:
	case caller == nil:
		refuse(w, call, c.problem("nobody has the key %q: %s %s", call.AccessKey, r.Method, r.URL.Path))
		return
	case err != nil:
		refuse(w, call, c.problem("%s: %w", caller.name, err))
		return
	default:
		for i := range call.Needs {
			if call.Needs[i].Context == nil {
				call.Needs[i].Context = map[string]string{}
			}
			call.Needs[i].Context["lambda:sourcefunctionarn"] = caller.arn
		}
		if err := c.allows(caller.role, call.Needs...); err != nil {
			refuse(w, call, c.problem("denied: %w", err))
			return
		}
		c.used(caller.role, call.Needs...)
	}
	status, answer := c.forward(w, r, call, body)
	if status < 300 {
		c.passed(r, call, body, answer)
	}
	_, _ = w.Write(answer)
}

// caller is the function that has the access key.
func (c *Cloud) caller(key string) *function {
	for _, f := range c.functions {
		if f.key == key {
			return f
		}
	}
	return nil
}

// secretOf finds a secret by its name or ARN, for iam.Account.
func (c *Cloud) secretOf(id string) (arn, key string) {
	for _, s := range c.secrets {
		if s.name == id || s.arn == id {
			return s.arn, s.key
		}
	}
	return id, ""
}

// forward sends the request on to the emulator and writes the answer's head.
func (c *Cloud) forward(w http.ResponseWriter, r *http.Request, call iam.Call, body []byte) (status int, answer []byte) {
	unlock := c.lock.forOperation(call.Operation)
	defer unlock()
	if call.Service == "secretsmanager" {
		for _, s := range c.secrets { // the emulator's has another ARN
			body = bytes.ReplaceAll(body, []byte(`"`+s.arn+`"`), []byte(`"`+s.name+`"`))
		}
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, c.config.Moto+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return http.StatusBadGateway, nil
	}
	out.Header = r.Header.Clone()
	response, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return http.StatusBadGateway, nil
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return http.StatusBadGateway, nil
	}
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	return response.StatusCode, answer
}

// passed does what follows a request that the emulator has taken.
func (c *Cloud) passed(r *http.Request, call iam.Call, body, answer []byte) {
	switch call.Service + " " + call.Operation {
	case "dynamodb PutItem", "dynamodb UpdateItem", "dynamodb DeleteItem", "dynamodb TransactWriteItems", "dynamodb BatchWriteItem":
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, need := range call.Needs {
			c.writes[lastOf(need.Resource, "/")]++
		}
	case "sqs SendMessage", "sqs SendMessageBatch":
		for _, need := range call.Needs {
			c.fill(c.queues[need.Resource])
		}
	case "events PutEvents":
		if err := c.deliver(r.Context(), body, answer); err != nil {
			_ = c.problem("%w", err)
		}
	case "ses SendEmail":
		if err := c.keepMail(body); err != nil {
			_ = c.problem("%w", err)
		}
	}
}

// refuse answers as the services do to what is not allowed.
func refuse(w http.ResponseWriter, call iam.Call, reason error) {
	if call.Service == "s3" {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"))
		return
	}
	w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "AccessDeniedException", "message": reason.Error()})
}
