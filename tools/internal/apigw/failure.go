package apigw

import (
	"net/http"
	"strconv"
	"strings"
)

// gatewayResponse is what the gateway answers by itself.
type gatewayResponse struct {
	StatusCode         string
	ResponseParameters map[string]string
	ResponseTemplates  map[string]string
}

// fail answers a failure as the document says, or the default for its kind, or AWS.
func (a *REST) fail(w http.ResponseWriter, failure string, status int) {
	said, ok := a.doc.Failures[failure]
	if !ok {
		said, ok = a.doc.Failures["DEFAULT_"+strconv.Itoa(status/100)+"XX"]
	}
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message":"` + failure + `"}`))
		return
	}
	if own, err := strconv.Atoi(said.StatusCode); err == nil {
		status = own
	}
	for name, value := range said.ResponseParameters {
		if header, ok := strings.CutPrefix(name, "gatewayresponse.header."); ok {
			w.Header().Set(header, strings.Trim(value, "'"))
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(said.ResponseTemplates["application/json"]))
}
