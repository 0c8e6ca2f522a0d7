package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/tracing"
)

// customPath is where functions tell CloudFormation how a custom resource has fared.
const customPath = "/cloudformation/"

// makeCustom makes the custom resources, as CloudFormation does: their functions are
// invoked, and say by a request of their own how it went.
func (c *Cloud) makeCustom(ctx context.Context) error {
	for _, r := range c.resources() {
		if !strings.HasPrefix(r.Type, "Custom::") {
			continue
		}
		name := id.New().String()
		answered := make(chan string, 1)
		c.mu.Lock()
		c.tried[name] = answered
		c.mu.Unlock()
		payload, err := json.Marshal(map[string]any{
			"RequestType": "Create", "RequestId": name, "ResponseURL": c.Endpoint + customPath + name, "ResourceType": r.Type, "LogicalResourceId": r.LogicalID,
			"StackId": arn("cloudformation", "stack/"+r.Stack+"/"+name), "ResourceProperties": r.Properties,
		})
		if err != nil {
			return err
		}
		if err := c.async(ctx, fmt.Sprint(r.Properties["ServiceToken"]), payload, tracing.Link{}); err != nil {
			return err
		}
		select {
		case said := <-answered:
			if said != "" {
				return fmt.Errorf("%s %s: %s", r.Stack, r.LogicalID, said)
			}
		default:
			return fmt.Errorf("%s %s: its function has said nothing: %w", r.Stack, r.LogicalID, c.Problems())
		}
	}
	return nil
}

// serveCustom takes the answer of a custom resource's function.
func (c *Cloud) serveCustom(w http.ResponseWriter, r *http.Request, name string) {
	var said struct{ Status, Reason string }
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	c.mu.Lock()
	answered := c.tried[name]
	delete(c.tried, name)
	c.mu.Unlock()
	if err != nil || answered == nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if said.Status != "SUCCESS" && said.Reason == "" {
		said.Reason = said.Status
	}
	if said.Status == "SUCCESS" {
		said.Reason = ""
	}
	answered <- said.Reason
}
