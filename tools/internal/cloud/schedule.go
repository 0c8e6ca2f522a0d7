package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/tracing"
)

// Tick fires the schedule of a rule, which invokes its functions. The error is of a
// schedule that there is not; what fails is a problem.
func (c *Cloud) Tick(ctx context.Context, name string) error {
	for _, r := range c.rules {
		if r.name != name || r.schedule == "" || !c.use(Rule, name) {
			continue
		}
		for _, t := range r.targets {
			if !strings.Contains(t.ARN, ":lambda:") {
				return fmt.Errorf("%s: schedules invoke functions only", name)
			}
			payload := []byte(t.Input)
			if t.Input == "" {
				var err error
				if payload, err = newEvent(id.New().String(), "aws.events", "Scheduled Event", time.Now(), json.RawMessage("{}")); err != nil {
					return err
				}
			}
			if err := c.mayInvoke(eventBridge, r.arn, t.ARN); err != nil {
				_ = c.problem("%w", err)
				if err := c.bury(ctx, r, t, payload, "NO_PERMISSIONS", err); err != nil {
					return err
				}
				continue
			}
			if err := c.async(ctx, t.ARN, payload, tracing.Link{}); err != nil {
				return err
			}
		}
		return nil
	}
	return c.problem("there is no schedule %s", name)
}
