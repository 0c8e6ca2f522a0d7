package notifications_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
)

// conversation calls operations by their names in the document. What they answer
// is held to it as in any test.
type conversation struct {
	*mesh
	operations map[string]contracttest.Operation
}

// say calls an operation with a body of a content type, or none. The path's
// parameters are filled in from ids, in their order.
func (c *conversation) say(status int, operation, token, contentType, body string, ids ...string) {
	c.t.Helper()
	o := c.operations[operation]
	r := httptest.NewRequest(o.Method, o.URL(ids...), bytes.NewBufferString(body))
	if body == "" {
		r.Body = http.NoBody
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "Content-Type": contentType} {
		if token == "" && name == "Authorization" || value == "" {
			continue
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	if w.Code != status {
		c.t.Errorf("%s: %d %s, want %d", operation, w.Code, w.Body, status)
	}
}

// TestContractEveryDeclaredStatusIsAnswered has every operation of the document
// give each of its answers.
func TestContractEveryDeclaredStatusIsAnswered(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	c := &conversation{m, m.api.Operations()}
	const asJSON, asForm = "application/json", "application/x-www-form-urlencoded"
	large := strings.Repeat("x", 1<<20+1)

	s := newStage()
	m.mustHandle(s.scheduled(1, nil), s.offered("anna", start.Add(time.Hour)))
	path := link.FindStringSubmatch(m.wantMails(1, "")[0].Text)[1]
	token := path[strings.LastIndexByte(path, '/')+1:]

	for name, operation := range c.operations {
		if slices.Contains(operation.Statuses, 401) {
			c.say(401, name, "", "", "")
			c.say(401, name, "bad", "", "")
		}
	}
	c.say(200, "getHealth", "", "", "")
	c.say(200, "listMessages", "anna", "", "")
	c.say(400, "listMessages", "anna", "", "", "?limit=0")
	c.say(200, "getPreferences", "anna", "", "")
	c.say(200, "putPreferences", "anna", asJSON, `{"email":{"tickets":false}}`)
	c.say(400, "putPreferences", "anna", asJSON, `{}`)
	c.say(413, "putPreferences", "anna", asJSON, `{"x":"`+large+`"}`)
	c.say(415, "putPreferences", "anna", asForm, "tickets=no")
	c.say(200, "showUnsubscribe", "", "", "", token)
	c.say(404, "showUnsubscribe", "", "", "", "nope")
	c.say(200, "unsubscribe", "", asForm, "List-Unsubscribe=One-Click", token)
	c.say(404, "unsubscribe", "", asForm, "List-Unsubscribe=One-Click", "nope")
	c.say(400, "unsubscribe", "", asForm, "List-Unsubscribe=%zz", token)
	c.say(413, "unsubscribe", "", asForm, "List-Unsubscribe="+large, token)
	c.say(415, "unsubscribe", "", asJSON, `{}`, token)

	for _, missing := range m.api.Unseen() {
		t.Errorf("never answered, and the document declares it: %s", missing)
	}
}
