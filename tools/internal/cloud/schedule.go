package cloud

import (
	"context"
	"fmt"

	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/iam"
)

const scheduler = "scheduler.amazonaws.com"

// schedule invokes a function in the name of its role.
type schedule struct {
	arn     string
	target  string
	letters string // where goes what it could not invoke; empty, it is lost
	input   string
	role    *role
}

func (c *Cloud) makeSchedules(context.Context) error {
	for _, r := range c.resources("AWS::Scheduler::Schedule") {
		var p struct {
			GroupName, State string
			Target           struct {
				ARN, RoleARN, Input string
				DeadLetterConfig    struct{ ARN string }
			}
		}
		if err := reread(r.Properties, &p); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		if p.State != "ENABLED" || p.Target.Input == "" {
			return fmt.Errorf("%s: a schedule that is not enabled, or has no input, is not played here", r.Name)
		}
		// The Scheduler says for which group it asks.
		role, err := c.assumed(p.Target.RoleARN, scheduler, arn("scheduler", "schedule-group/"+p.GroupName))
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		c.schedules[r.Name] = &schedule{arn: r.Attributes["Arn"], target: p.Target.ARN, letters: p.Target.DeadLetterConfig.ARN, input: p.Target.Input, role: role}
	}
	return nil
}

// Tick fires a schedule, which invokes its function. The error is of one that there is
// not; what fails is a problem.
func (c *Cloud) Tick(ctx context.Context, name string) error {
	s, ok := c.schedules[name]
	if !ok || !c.use(Schedule, name) {
		return c.problem("there is no schedule %s", name)
	}
	need := iam.Request{Action: "lambda:InvokeFunction", Resource: s.target}
	if err := c.allows(s.role, need); err != nil {
		return c.undelivered(ctx, s, c.problem("%w", err))
	}
	c.used(s.role, need)
	return c.async(ctx, s.target, []byte(s.input), tracing.Link{})
}

// undelivered sends a schedule's input to its dead letters, as the Scheduler does in the
// name of the schedule's role.
func (c *Cloud) undelivered(ctx context.Context, s *schedule, reason error) error {
	if s.letters == "" {
		return nil // it is lost
	}
	need := iam.Request{Action: "sqs:SendMessage", Resource: s.letters}
	if err := c.allows(s.role, need); err != nil {
		_ = c.problem("lost: %w", err)
		return nil
	}
	c.used(s.role, need)
	return c.send(ctx, s.letters, s.input, map[string]string{"SCHEDULE_ARN": s.arn, "TARGET_ARN": s.target, "ERROR_CODE": "AccessDeniedException", "ERROR_MESSAGE": reason.Error()}, "")
}
