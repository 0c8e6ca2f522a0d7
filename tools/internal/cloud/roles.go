package cloud

import (
	"context"
	"fmt"
	"strings"

	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/stacks"
)

// role is what a function, a schedule or the gateway may do.
type role struct {
	name     string // as permissions name it
	arn      string
	trusts   iam.Policy
	policies []iam.Policy
}

// resourcePolicy is a policy of a queue or a function, by the name of its part.
type resourcePolicy struct {
	name   string
	policy iam.Policy
}

func (c *Cloud) makeRoles(context.Context) error {
	for _, r := range c.resources("AWS::IAM::Role") {
		made := &role{name: r.Stack + "-" + r.LogicalID, arn: r.Attributes["Arn"]}
		var p struct {
			AssumeRolePolicyDocument struct{ Statement []map[string]any }
			Policies                 []struct{ PolicyDocument any }
		}
		if err := reread(r.Properties, &p); err != nil {
			return err
		}
		for _, s := range p.AssumeRolePolicyDocument.Statement {
			s["Resource"] = "*" // the role itself
		}
		var err error
		if made.trusts, err = iam.Parse(map[string]any{"Statement": p.AssumeRolePolicyDocument.Statement}); err != nil {
			return fmt.Errorf("%s: %w", made.name, err)
		}
		for _, own := range p.Policies {
			document, err := iam.Parse(own.PolicyDocument)
			if err != nil {
				return fmt.Errorf("%s: %w", made.name, err)
			}
			made.policies = append(made.policies, document)
		}
		c.roles[made.arn] = made
	}
	return nil
}

// assumed is a role in the hands of a service of AWS, which it has to trust; source is the
// ARN of what the service asks for, if it says so.
func (c *Cloud) assumed(arn, service, source string) (*role, error) {
	r, ok := c.roles[arn]
	if !ok {
		return nil, fmt.Errorf("there is no role %s", arn)
	}
	about := map[string]string{"aws:sourceaccount": stacks.AccountID}
	if source != "" {
		about["aws:sourcearn"] = source
	}
	if !iam.Allowed([]iam.Policy{r.trusts}, iam.Request{Action: "sts:AssumeRole", Resource: arn, Service: service, Context: about}) {
		return nil, fmt.Errorf("%s does not trust %s for %q", r.name, service, source)
	}
	return r, nil
}

// allows is nil when the role may do all of it.
func (c *Cloud) allows(r *role, needs ...iam.Request) error {
	for _, need := range needs {
		if need.Context == nil {
			need.Context = map[string]string{}
		}
		need.Context["aws:securetransport"] = "true" // as AWS's endpoints have it
		if !iam.Allowed(r.policies, need) || !c.has(Permission, r.permission(need)) {
			return fmt.Errorf("%s may not %s", r.name, need)
		}
	}
	return nil
}

// permission is what a need is called among the parts.
func (r *role) permission(need iam.Request) string { return r.name + " " + need.Action }

// used notes that the role was needed for it.
func (c *Cloud) used(r *role, needs ...iam.Request) {
	for _, need := range needs {
		c.use(Permission, r.permission(need))
	}
}

// arn is that of something in the account.
func arn(service, resource string) string {
	return "arn:aws:" + service + ":" + stacks.Region + ":" + stacks.AccountID + ":" + resource
}

// lastOf is what an ARN or a path ends with.
func lastOf(text, separator string) string { return text[strings.LastIndex(text, separator)+1:] }
