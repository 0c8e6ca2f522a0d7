package cost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/tools/internal/stacks"
)

// Idle is what a stage costs in a month in which nobody does anything, by stack. What
// depends on use is not in it: requests, storage, traffic, logs.
type Idle struct {
	Stage    string  `json:"stage"`
	PricesOf string  `json:"pricesOf"`
	Note     string  `json:"note"`
	Stacks   []Stack `json:"stacks"`
	USD      float64 `json:"usd"`
}

// Stack is what one stack costs.
type Stack struct {
	Name  string  `json:"name"`
	USD   float64 `json:"usd"`
	Lines []Line  `json:"lines"`
}

const (
	hours   = 730.0 // of a month, as AWS counts
	minutes = hours * 60
	// polls is how often Lambda asks a queue for messages that there are not: by five
	// pollers, which wait 20 seconds each.
	polls = 5 * 3 * minutes
	// leastCacheGB is what is paid of an empty cache.
	leastCacheGB = 0.1
)

// idleCase is the use case of a function that its schedule invokes in vain.
const idleCase = "nothing due"

// free are the types of resources that cost nothing while nobody uses them.
var free = []string{
	"AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::CertificateManager::Certificate", "AWS::CloudFront::", "AWS::CodeDeploy::", "AWS::Cognito::",
	"AWS::DynamoDB::Table", "AWS::EC2::InternetGateway", "AWS::EC2::Route", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC",
	"AWS::Events::", "AWS::IAM::Role", "AWS::KMS::Alias", "AWS::Lambda::", "AWS::Logs::", "AWS::RDS::DBParameterGroup", "AWS::RDS::DBSubnetGroup",
	"AWS::Route53::RecordSet", "AWS::S3::", "AWS::SES::", "AWS::SNS::", "AWS::SQS::", "AWS::SSM::Parameter", "AWS::Scheduler::ScheduleGroup",
	"AWS::SecretsManager::RotationSchedule", "AWS::SecretsManager::SecretTargetAttachment", "AWS::WAFv2::LoggingConfiguration",
	"AWS::WAFv2::WebACLAssociation", "AWS::XRay::SamplingRule", "Custom::",
}

// IdleOf computes what the stacks of the workspace at root cost in a stage, as its
// samconfig.toml files have them. It needs Python, see package stacks.
func IdleOf(ctx context.Context, root, stage string) (Idle, error) {
	prices, err := ListPrices()
	if err != nil {
		return Idle{}, err
	}
	templates, err := stacks.Load(ctx, root)
	if err != nil {
		return Idle{}, err
	}
	account, err := templates.Deploy(stage)
	if err != nil {
		return Idle{}, err
	}
	idle := Idle{Stage: stage, PricesOf: prices.Date + ", " + prices.Region, Note: prices.Note}
	for _, name := range account.Order() {
		b := newBill(prices)
		for _, r := range account.Resources() {
			if r.Stack == name {
				b.idle(root, r, account)
			}
		}
		if b.err != nil {
			return Idle{}, b.err
		}
		lines, usd := b.lines()
		idle.Stacks = append(idle.Stacks, Stack{Name: name, USD: usd, Lines: lines})
		idle.USD += usd
	}
	return idle, nil
}

// idle adds what one resource costs in a month.
func (b *bill) idle(root string, r stacks.Resource, account *stacks.Account) {
	switch r.Type {
	case "AWS::ApiGateway::Stage":
		if truth(r.Properties["CacheClusterEnabled"]) {
			if size := fmt.Sprint(r.Properties["CacheClusterSize"]); size != "0.5" {
				b.fail(fmt.Errorf("%s/%s: there is no price of a cache of %s GB", r.Stack, r.LogicalID, size))
			}
			b.add("apigateway.cacheHour", hours)
		}
	case "AWS::CloudWatch::Alarm":
		b.add("cloudwatch.alarm", 1)
	case "AWS::CloudWatch::Dashboard":
		b.add("cloudwatch.dashboard", 1)
	case "AWS::EC2::EIP":
		b.add("ipv4.hour", hours)
	case "AWS::EC2::NatGateway":
		b.add("natgateway.hour", hours)
	case "AWS::EC2::VPCEndpoint":
		if r.Properties["VpcEndpointType"] == "Interface" {
			b.add("endpoint.hour", hours*float64(length(r.Properties["SubnetIds"])))
		}
	case "AWS::ElastiCache::ServerlessCache":
		b.add("valkey.gbHour", hours*leastCacheGB)
	case "AWS::Events::Rule":
		if r.Properties["ScheduleExpression"] != nil {
			b.fail(fmt.Errorf("%s/%s: nobody has said what a rule's schedule costs", r.Stack, r.LogicalID))
		}
	case "AWS::KMS::Key":
		b.add("kms.key", 1)
	case "AWS::Lambda::EventSourceMapping":
		if strings.HasPrefix(fmt.Sprint(r.Properties["EventSourceArn"]), "arn:aws:sqs:") {
			b.add("sqs.request", polls)
		}
	case "AWS::RDS::DBInstance":
		machines := 1.0
		if truth(r.Properties["MultiAZ"]) {
			machines = 2
		}
		b.add("rds."+fmt.Sprint(r.Properties["DBInstanceClass"])+".hour", hours*machines)
		size, err := strconv.ParseFloat(fmt.Sprint(r.Properties["AllocatedStorage"]), 64)
		if err != nil {
			b.fail(err)
		}
		b.add("rds.gb", size*machines)
	case "AWS::Route53::HealthCheck":
		b.add("route53.healthCheck", 1)
	case "AWS::Scheduler::Schedule":
		if said := r.Properties["ScheduleExpression"]; said != "rate(1 minute)" {
			b.fail(fmt.Errorf("%s/%s: how often is %v?", r.Stack, r.LogicalID, said))
		}
		b.add("scheduler.invocation", minutes)
		b.scheduled(root, r, account)
	case "AWS::SecretsManager::Secret":
		b.add("secretsmanager.secret", float64(1+length(r.Properties["ReplicaRegions"])))
	case "AWS::WAFv2::WebACL":
		b.add("waf.acl", 1)
		b.add("waf.rule", float64(length(r.Properties["Rules"])))
	default:
		if !slices.ContainsFunc(free, func(of string) bool { return strings.HasPrefix(r.Type, of) }) {
			b.fail(fmt.Errorf("%s/%s: nobody has said what an %s costs", r.Stack, r.LogicalID, r.Type))
		}
	}
}

// scheduled adds what a function costs that is invoked every minute and finds nothing to
// do.
func (b *bill) scheduled(root string, schedule stacks.Resource, account *stacks.Account) {
	target, _ := schedule.Properties["Target"].(map[string]any)
	arn := fmt.Sprint(target["Arn"])
	i := slices.IndexFunc(account.Resources("AWS::Lambda::Function"), func(f stacks.Resource) bool {
		return strings.HasSuffix(arn, ":function:"+f.Name) || strings.Contains(arn, ":function:"+f.Name+":")
	})
	if i < 0 {
		b.fail(fmt.Errorf("%s/%s: nobody has said what invoking %s costs", schedule.Stack, schedule.LogicalID, arn))
		return
	}
	f := account.Resources("AWS::Lambda::Function")[i]
	memory, err := strconv.ParseFloat(fmt.Sprint(f.Properties["MemorySize"]), 64)
	if err != nil {
		b.fail(err)
		return
	}
	measured, err := usage.Read(filepath.Join(root, "services", schedule.Stack, "docs", "units.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.fail(err)
		return
	}
	name := f.Name[strings.LastIndex(f.Name, "-")+1:]
	u, ok := measured[idleCase][name]
	if !ok {
		b.fail(fmt.Errorf("%s of %s, %q, is not measured", name, schedule.Stack, idleCase))
		return
	}
	b.addFunction(function{memoryMB: memory}, u, minutes)
}

func truth(v any) bool { return fmt.Sprint(v) == "true" }

func list(v any) []any { l, _ := v.([]any); return l }

func length(v any) int { return len(list(v)) }
