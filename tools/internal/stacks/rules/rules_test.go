package rules_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"ticketmesh.dev/contracts/asyncapi"
	"ticketmesh.dev/tools/internal/stacks"
	"ticketmesh.dev/tools/internal/stacks/rules"
)

func TestTheMeshKeepsTheRules(t *testing.T) {
	t.Parallel()
	findings, err := rules.Workspace(t.Context(), root, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// inspected is the code of all functions, which every stage has.
var inspected = sync.OnceValues(func() (map[string]rules.Code, error) {
	ctx := context.Background()
	templates, err := stacks.Load(ctx, root)
	if err != nil {
		return nil, err
	}
	account, err := templates.Deploy("dev")
	if err != nil {
		return nil, err
	}
	return rules.Inspect(ctx, root, rules.Folders(account.Resources()))
})

// TestTheMeshKeepsTheRulesByEveryChoice deploys what no stage's parameters choose.
func TestTheMeshKeepsTheRulesByEveryChoice(t *testing.T) {
	t.Parallel()
	templates, err := stacks.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	const domain = "api.dev.example.com"
	templates, err = templates.With(t.Context(), map[string]map[string]string{
		"mesh": {"AlarmEmail": "operators@example.com", "CorsOrigins": "https://a.example.com,http://localhost:5173"},
		"identity": {
			"OidcIssuer": "https://issuer.example.com", "OidcClientIds": "web,app", "MailIdentityArn": "arn:aws:ses:eu-central-1:123456789012:identity/example.com",
			"FederationName": "Partner", "FederationIssuer": "https://partner.example.com", "FederationClientId": "mesh", "Protected": "true",
		},
		"data":          {"Cache": "valkey", "Standby": "true", "Egress": "none", "Protected": "true"},
		"edge":          {"Truststore": "s3://bucket/clients.pem"},
		"shows":         {"Authorizer": "lambda", "Domain": domain, "Cache": "valkey", "GatewayCache": "0.5", "BackOfficeEndpoint": "vpce-0123456789abcdef0", "Concurrency": "5", "Protected": "true"},
		"tickets":       {"Authorizer": "lambda", "Domain": domain, "CandidateVersion": "1", "Concurrency": "5", "Protected": "true"},
		"info":          {"Authorizer": "lambda", "Domain": domain, "Concurrency": "5"},
		"notifications": {"Domain": domain, "Concurrency": "5", "Protected": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	account, err := templates.Deploy("dev")
	if err != nil {
		t.Fatal(err)
	}
	code, err := inspected()
	if err != nil {
		t.Fatal(err)
	}
	documented, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rules.Check(rules.Account{Stage: "dev", Resources: account.Resources(), Code: code, Consumers: documented}) {
		t.Error(f)
	}
	for _, id := range []string{"shows/BackOfficeApi", "tickets/Candidate", "identity/Federation", "notifications/ApiMapping"} {
		stack, logicalID, _ := strings.Cut(id, "/")
		if _, is := account.Resource(stack, logicalID); !is {
			t.Errorf("there is no %s", id)
		}
	}
}

// mesh is an account of prod whose resources can be broken.
type mesh struct {
	t       *testing.T
	account rules.Account
}

func (m *mesh) resource(id string) *stacks.Resource {
	m.t.Helper()
	stack, logicalID, _ := strings.Cut(id, "/")
	i := slices.IndexFunc(m.account.Resources, func(r stacks.Resource) bool { return r.Stack == stack && r.LogicalID == logicalID })
	if i < 0 {
		m.t.Fatalf("there is no %s", id)
	}
	return &m.account.Resources[i]
}

// set gives what is at a path of members another value, which nil takes away.
func (m *mesh) set(id string, value any, path ...string) {
	m.t.Helper()
	at := m.resource(id).Properties
	for _, key := range path[:len(path)-1] {
		inner := at[key]
		if list, is := inner.([]any); is {
			inner = list[0]
		}
		at = inner.(map[string]any)
	}
	last := path[len(path)-1]
	if _, is := at[last]; !is && value == nil {
		m.t.Fatalf("%s has no %v", id, path)
	}
	if at[last] = value; value == nil {
		delete(at, last)
	}
}

func (m *mesh) remove(id string) {
	m.t.Helper()
	gone := *m.resource(id)
	m.account.Resources = slices.DeleteFunc(m.account.Resources, func(r stacks.Resource) bool {
		return r.Stack == gone.Stack && r.LogicalID == gone.LogicalID
	})
}

// allow gives a role another statement.
func (m *mesh) allow(role, action, resource string) {
	m.t.Helper()
	document := m.resource(role).Properties["Policies"].([]any)[0].(map[string]any)["PolicyDocument"].(map[string]any)
	document["Statement"] = append(document["Statement"].([]any), map[string]any{"Effect": "Allow", "Action": action, "Resource": resource})
}

// deny takes an action from a role.
func (m *mesh) deny(role, action string) {
	m.t.Helper()
	document := m.resource(role).Properties["Policies"].([]any)[0].(map[string]any)["PolicyDocument"].(map[string]any)
	for _, s := range document["Statement"].([]any) {
		statement := s.(map[string]any)
		if list, is := statement["Action"].([]any); is {
			statement["Action"] = slices.DeleteFunc(list, func(a any) bool { return a == action })
		} else if statement["Action"] == action {
			statement["Action"] = []any{}
		}
	}
}

// TestARuleFindsWhatIsMissing takes one thing away from a mesh that keeps the rules.
func TestARuleFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	templates, err := stacks.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	deployed, err := templates.Deploy("prod")
	if err != nil {
		t.Fatal(err)
	}
	resources := deployed.Resources()
	encoded, err := json.Marshal(resources)
	if err != nil {
		t.Fatal(err)
	}
	code, err := inspected()
	if err != nil {
		t.Fatal(err)
	}
	documented, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	const (
		dlq    = "notifications/CatalogDeadLetters"
		timer  = "info/RelayFunctionTimer"
		relay  = "arn:aws:lambda:eu-central-1:123456789012:function:ticketmesh-prod-info-relay:live"
		prefix = "arn:aws:sqs:eu-central-1:123456789012:ticketmesh-prod-notifications-"
	)
	for _, tt := range []struct {
		name string
		give func(m *mesh)
		want []string
	}{
		{"nothing", func(*mesh) {}, nil},
		{
			"a mapping that does not say what failed", func(m *mesh) { m.set("notifications/ConsumerFunctionCatalog", nil, "FunctionResponseTypes") },
			[]string{"notifications/ConsumerFunctionCatalog Properties.FunctionResponseTypes: without ReportBatchItemFailures a batch fails, or succeeds, as a whole"},
		},
		{
			"a mapping without a bound", func(m *mesh) { m.set("notifications/ConsumerFunctionCatalog", nil, "ScalingConfig") },
			[]string{"notifications/ConsumerFunctionCatalog Properties.ScalingConfig.MaximumConcurrency: without it the mapping receives more than the function may take"},
		},
		{
			"a stream whose failures go nowhere", func(m *mesh) { m.set("notifications/RelayFunctionStream", nil, "DestinationConfig") },
			[]string{
				"notifications/RelayFunctionStream Properties.DestinationConfig.OnFailure.Destination: what fails for good is lost: it goes to no queue",
				"notifications/RelayRole Properties.Policies: ticketmesh-prod-notifications-relay may sqs:SendMessage, and nothing in it asks for that",
			},
		},
		{
			"a stream that is held up for ever", func(m *mesh) { m.set("notifications/RelayFunctionStream", nil, "MaximumRetryAttempts") },
			[]string{"notifications/RelayFunctionStream Properties.MaximumRetryAttempts: without it one record holds up its shard until the stream forgets it"},
		},
		{
			"a mapping that is gone", func(m *mesh) { m.remove("notifications/FeedbackFunctionFeedback") },
			[]string{
				"notifications/FeedbackQueue: no function reads it",
				"notifications/FeedbackRole Properties.Policies: ticketmesh-prod-notifications-feedback may sqs:DeleteMessage, and nothing in it asks for that",
				"notifications/FeedbackRole Properties.Policies: ticketmesh-prod-notifications-feedback may sqs:GetQueueAttributes, and nothing in it asks for that",
				"notifications/FeedbackRole Properties.Policies: ticketmesh-prod-notifications-feedback may sqs:ReceiveMessage, and nothing in it asks for that",
			},
		},
		{
			"a queue whose messages come back too soon", func(m *mesh) { m.set("notifications/CatalogQueue", 179.0, "VisibilityTimeout") },
			[]string{"notifications/CatalogQueue Properties.VisibilityTimeout: 179 s is less than six times the 30 s that ticketmesh-prod-notifications-consumer may take: a message is delivered again while it is worked on"},
		},
		{
			"a queue that gives up too soon", func(m *mesh) { m.set("notifications/CatalogQueue", 3.0, "RedrivePolicy", "maxReceiveCount") },
			[]string{"notifications/CatalogQueue Properties.RedrivePolicy.maxReceiveCount: 3 receives are too few: throttled ones count too"},
		},
		{
			"a queue that tries for ever", func(m *mesh) { m.set("notifications/CatalogQueue", nil, "RedrivePolicy") },
			[]string{
				"notifications/CatalogQueue Properties.RedrivePolicy.deadLetterTargetArn: what fails for good is lost: it goes to no queue",
				"notifications/CatalogQueue Properties.RedrivePolicy.maxReceiveCount: 0 receives are too few: throttled ones count too",
			},
		},
		{
			"dead letters that nobody is told of", func(m *mesh) { m.remove("notifications/CatalogDeadLettersAlarm") },
			[]string{dlq + ": nobody is told that there is something in it: no alarm looks at ApproximateNumberOfMessagesVisible"},
		},
		{
			"dead letters that are forgotten", func(m *mesh) { m.set(dlq, 345600.0, "MessageRetentionPeriod") },
			[]string{dlq + " Properties.MessageRetentionPeriod: dead letters are kept for less than 14 days"},
		},
		{
			"a queue that is not encrypted", func(m *mesh) { m.set(dlq, nil, "SqsManagedSseEnabled") },
			[]string{dlq + " Properties.SqsManagedSseEnabled: it is not encrypted"},
		},
		{
			"a target without dead letters", func(m *mesh) { m.set("notifications/CatalogRule", nil, "Targets", "DeadLetterConfig") },
			[]string{"notifications/CatalogRule Properties.Targets.DeadLetterConfig.Arn: what fails for good is lost: it goes to no queue"},
		},
		{
			"a queue that takes nothing from its rule", func(m *mesh) { m.remove("notifications/CatalogQueuePolicy") },
			[]string{
				"notifications/CatalogRule Properties.Targets: the policy of " + prefix + "catalog lets it send nothing there",
				"notifications/CatalogRule Properties.Targets: the policy of " + prefix + "catalog-dlq lets it send nothing there",
			},
		},
		{
			"a rule that invokes", func(m *mesh) { m.set("notifications/CatalogRule", relay, "Targets", "Arn") },
			[]string{
				"notifications/CatalogRule Properties.Targets.Arn: " + relay + " is no queue",
				"notifications/CatalogRule Properties.Targets.Arn: asyncapi.yaml has no consumer live",
				"notifications: no rule has events for notifications-catalog",
			},
		},
		{
			"a schedule that does not fire", func(m *mesh) { m.set(timer, "DISABLED", "State") },
			[]string{timer + " Properties.State: it does not say that it fires"},
		},
		{
			"a schedule without dead letters", func(m *mesh) { m.set(timer, nil, "Target", "DeadLetterConfig") },
			[]string{
				timer + " Properties.Target.DeadLetterConfig.Arn: what fails for good is lost: it goes to no queue",
				"info/RelayTimerRole Properties.Policies: RelayFunctionTimer needs [lambda:InvokeFunction on " + relay + " sqs:SendMessage on ], and it has [lambda:InvokeFunction on " + relay + " sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:ticketmesh-prod-info-relay-dlq]",
			},
		},
		{
			"a schedule of a function that there is not", func(m *mesh) { m.remove("info/RelayFunctionAliaslive") },
			[]string{
				timer + " Properties.Target.Arn: " + relay + " is no function's alias",
				"info/RelayTimerRole Properties.Policies: there is no " + relay,
			},
		},
		{
			"a schedule in another's name", func(m *mesh) {
				m.set(timer, "arn:aws:iam::123456789012:role/"+m.resource("shows/JobsTimerRole").Name, "Target", "RoleArn")
			},
			[]string{timer + " Properties.Target.RoleArn: its role is not its stack's"},
		},
		{
			"a schedule that Lambda fires", func(m *mesh) {
				m.set("info/RelayTimerRole", "lambda.amazonaws.com", "AssumeRolePolicyDocument", "Statement", "Principal", "Service")
			},
			[]string{`info/RelayTimerRole Properties.AssumeRolePolicyDocument: it is RelayFunctionTimer's role, and "lambda.amazonaws.com" may take it`},
		},
		{
			"a schedule that may not invoke", func(m *mesh) { m.deny("info/RelayTimerRole", "lambda:InvokeFunction") },
			[]string{"info/RelayTimerRole Properties.Policies: RelayFunctionTimer needs [lambda:InvokeFunction on " + relay + " sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:ticketmesh-prod-info-relay-dlq], and it has [sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:ticketmesh-prod-info-relay-dlq]"},
		},
		{
			"an asynchronous invocation whose failure is lost", func(m *mesh) { m.set("info/RelayFunctionEventInvokeConfig", nil, "DestinationConfig") },
			[]string{
				"info/RelayFunction EventInvokeConfig: RelayFunctionTimer invokes it asynchronously, and nobody is told what fails",
				"info/RelayRole Properties.Policies: ticketmesh-prod-info-relay may sqs:SendMessage, and nothing in it asks for that",
			},
		},
		{
			"one that a gateway makes", func(m *mesh) {
				m.set("info/Api", map[string]any{
					"uri":               "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:ticketmesh-prod-info-migrate:live/invocations",
					"requestParameters": map[string]any{"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
				}, "Body", "more")
			},
			[]string{"info/MigrateFunction EventInvokeConfig: Api invokes it asynchronously, and nobody is told what fails"},
		},
		{
			"an event that a consumer does not get", func(m *mesh) {
				m.set("notifications/OrdersRule", []any{"ticketmesh.tickets.order.confirmed.v1"}, "EventPattern", "detail-type")
			},
			[]string{"notifications/OrdersRule Properties.EventPattern.detail-type: notifications-orders gets [ticketmesh.tickets.order.confirmed.v1], and asyncapi.yaml says [ticketmesh.tickets.order.cancelled.v1 ticketmesh.tickets.order.confirmed.v1 ticketmesh.tickets.order.declined.v1 ticketmesh.tickets.order.refunded.v1 ticketmesh.tickets.ticket.transferred.v1 ticketmesh.tickets.waitlist.offered.v1]"},
		},
		{
			"a source that is not named", func(m *mesh) {
				m.set("notifications/CatalogRule", []any{"ticketmesh.shows"}, "EventPattern", "source")
			},
			[]string{"notifications/CatalogRule Properties.EventPattern.source: ticketmesh.info.venue.updated.v1 comes from no source that it names"},
		},
		{
			"a consumer without a rule", func(m *mesh) { m.account.Consumers["info-shows"] = []string{"ticketmesh.shows.show.published.v1"} },
			[]string{"info: no rule has events for info-shows"},
		},
		{
			"a function of another processor", func(m *mesh) { m.set("info/ApiFunction", []any{"x86_64"}, "Architectures") },
			[]string{"info/ApiFunction Properties.Architectures: it is [x86_64], and built for arm64"},
		},
		{
			"a function of another runtime", func(m *mesh) { m.set("info/ApiFunction", "go1.x", "Runtime") },
			[]string{`info/ApiFunction Properties.Runtime: it is "go1.x", not provided.al2023`},
		},
		{
			"a function that is not traced", func(m *mesh) { m.set("identity/PretokenFunction", nil, "TracingConfig") },
			[]string{
				"identity/PretokenFunction Properties.TracingConfig.Mode: it is not traced",
				"identity/PretokenRole Properties.Policies: ticketmesh-prod-identity-pretoken may xray:PutTelemetryRecords, and nothing in it asks for that",
				"identity/PretokenRole Properties.Policies: ticketmesh-prod-identity-pretoken may xray:PutTraceSegments, and nothing in it asks for that",
			},
		},
		{
			"a function that says not how long it takes", func(m *mesh) { m.set("info/ApiFunction", nil, "Timeout") },
			[]string{"info/ApiFunction Properties: it has not said how long it may take and how much memory it has"},
		},
		{
			"a log that Lambda makes", func(m *mesh) { m.set("info/ApiFunction", nil, "LoggingConfig") },
			[]string{"info/ApiFunction Properties.LoggingConfig.LogGroup: its log is in no group of a stack, and is kept for ever"},
		},
		{
			"a log that is kept for ever", func(m *mesh) { m.set("info/Logs", nil, "RetentionInDays") },
			[]string{"info/Logs Properties.RetentionInDays: it is kept for ever"},
		},
		{
			"a function of another stage's name", func(m *mesh) {
				m.resource("identity/AuthorizerFunction").Name = "ticketmesh-dev-identity-authorizer"
			},
			[]string{
				`identity/AuthorizerFunction Properties.FunctionName: "ticketmesh-dev-identity-authorizer" is not called after its stage and stack`,
				"identity/AuthorizerFunction: nobody is told that it fails: no alarm looks at Errors",
			},
		},
		{
			"a variable that the code needs", func(m *mesh) { m.set("info/ApiFunction", nil, "Environment", "Variables", "TICKETMESH_BUCKET") },
			[]string{"info/ApiFunction Properties.Environment.Variables: its code needs TICKETMESH_BUCKET, which is not set"},
		},
		{
			"a variable that nothing reads", func(m *mesh) {
				m.set("info/ApiFunction", "x", "Environment", "Variables", "TICKETMESH_TABLE")
			},
			[]string{"info/ApiFunction Properties.Environment.Variables.TICKETMESH_TABLE: its code does not read it"},
		},
		{
			"a variable of another name", func(m *mesh) { m.set("info/ApiFunction", "x", "Environment", "Variables", "TABLE") },
			[]string{"info/ApiFunction Properties.Environment.Variables.TABLE: variables are called TICKETMESH_…"},
		},
		{
			"a function without code", func(m *mesh) { m.set("identity/PretokenFunction", "platform/cmd/none", "Code", "S3Key") },
			[]string{"identity/PretokenFunction Properties.Code: there is no code in platform/cmd/none"},
		},
		{
			"an alarm that nobody hears", func(m *mesh) { m.set("info/ApiFaultsAlarm", []any{}, "AlarmActions") },
			[]string{"info/ApiFaultsAlarm Properties.AlarmActions: it tells nobody"},
		},
		{
			"an alarm on nothing", func(m *mesh) {
				m.set("info/ApiFaultsAlarm", "ticketmesh-prod-infos", "Dimensions", "Value")
			},
			[]string{"info/ApiFaultsAlarm Properties.Dimensions: there is no ApiName ticketmesh-prod-infos"},
		},
		{
			"errors that nobody is told of", func(m *mesh) { m.remove("info/MigrateErrorsAlarm") },
			[]string{"info/MigrateFunction: nobody is told that it fails: no alarm looks at Errors"},
		},
		{
			"APIs that are reached beside their domain", func(m *mesh) {
				m.set("info/Api", nil, "Body", "servers")
				m.set("notifications/Api", nil, "Body", "servers")
			},
			[]string{
				"info/Api Properties.Body: it is reached beside its domain, and what that asks of clients",
				"notifications/Api Properties.Body: it is reached beside its domain, and what that asks of clients",
			},
		},
		{
			"an API that is reached nowhere", func(m *mesh) { m.remove("info/ApiMapping") },
			[]string{"info/Api Properties.Body: it is reached nowhere"},
		},
		{
			"a parameter that nobody publishes", func(m *mesh) { m.remove("tickets/Url") },
			[]string{"shows/ApiRole Properties.Policies: there is no arn:aws:ssm:eu-central-1:123456789012:parameter/ticketmesh/prod/tickets/url"},
		},
		{
			"an API that logs, traces and bounds nothing", func(m *mesh) {
				m.set("info/ApiinfoStage", nil, "AccessLogSetting")
				m.set("info/ApiinfoStage", nil, "TracingEnabled")
				m.set("info/ApiinfoStage", nil, "MethodSettings")
			},
			[]string{
				"info/ApiinfoStage Properties.AccessLogSetting: nobody knows who asked for what",
				"info/ApiinfoStage Properties.MethodSettings: its methods are not throttled",
				"info/ApiinfoStage Properties.TracingEnabled: it is not traced",
			},
		},
		{
			"an HTTP API that logs and bounds nothing", func(m *mesh) {
				m.set("notifications/ApinotificationsStage", nil, "AccessLogSettings")
				m.set("notifications/ApinotificationsStage", nil, "DefaultRouteSettings")
			},
			[]string{
				"notifications/ApinotificationsStage Properties.AccessLogSettings: nobody knows who asked for what",
				"notifications/ApinotificationsStage Properties.DefaultRouteSettings: its routes are not throttled",
			},
		},
		{
			"a function that every API may invoke", func(m *mesh) { m.set("info/ApiInvokes", nil, "SourceArn") },
			[]string{
				"info/Api Properties.Body: arn:aws:lambda:eu-central-1:123456789012:function:ticketmesh-prod-info-api:live does not let it invoke it",
				"info/ApiInvokes Properties.SourceArn: everything of apigateway.amazonaws.com may invoke the function",
			},
		},
		{
			"an API that may not ask its function", func(m *mesh) { m.remove("info/ApiInvokes") },
			[]string{"info/Api Properties.Body: arn:aws:lambda:eu-central-1:123456789012:function:ticketmesh-prod-info-api:live does not let it invoke it"},
		},
		{
			"an API that asks a version that there is not", func(m *mesh) { m.set("info/ApiinfoStage", "candidate", "Variables", "alias") },
			[]string{"info/Api Properties.Body: there is no arn:aws:lambda:eu-central-1:123456789012:function:ticketmesh-prod-info-api:candidate"},
		},
		{
			"a site in front of nothing", func(m *mesh) {
				m.set("site/Distribution", "web.example.com", "DistributionConfig", "Origins", "DomainName")
			},
			[]string{"site/Distribution Properties.DistributionConfig.Origins: there is no web.example.com"},
		},
		{
			"a table that is lost", func(m *mesh) {
				m.set("notifications/Table", nil, "PointInTimeRecoverySpecification")
				m.set("notifications/Table", nil, "SSESpecification")
				m.set("notifications/Table", false, "DeletionProtectionEnabled")
				m.resource("notifications/Table").Deletion = "Delete"
			},
			[]string{
				"notifications/Table DeletionPolicy: it is deleted together with its stack",
				"notifications/Table Properties.DeletionProtectionEnabled: in prod it can be deleted",
				"notifications/Table Properties.PointInTimeRecoverySpecification: it cannot be had back as it was",
				"notifications/Table Properties.SSESpecification: it is not encrypted by a key of the account",
			},
		},
		{
			"a database that is lost", func(m *mesh) {
				m.set("data/Database", nil, "StorageEncrypted")
				m.set("data/Database", 0.0, "BackupRetentionPeriod")
				m.set("data/Database", true, "PubliclyAccessible")
				m.set("data/Database", false, "DeletionProtection")
				m.resource("data/Database").Deletion = ""
			},
			[]string{
				"data/Database DeletionPolicy: it is deleted together with its stack",
				"data/Database Properties.BackupRetentionPeriod: it cannot be had back as it was",
				"data/Database Properties.DeletionProtection: in prod it can be deleted",
				"data/Database Properties.PubliclyAccessible: it can be reached from everywhere",
				"data/Database Properties.StorageEncrypted: it is not encrypted",
			},
		},
		{
			"users that are lost", func(m *mesh) { m.set("identity/UserPool", "INACTIVE", "DeletionProtection") },
			[]string{"identity/UserPool Properties.DeletionProtection: in prod it can be deleted"},
		},
		{
			"a bucket that becomes public", func(m *mesh) {
				m.set("info/Bucket", nil, "PublicAccessBlockConfiguration", "BlockPublicPolicy")
				m.set("info/Bucket", nil, "BucketEncryption")
			},
			[]string{
				"info/Bucket Properties.BucketEncryption: it is not encrypted",
				"info/Bucket Properties.PublicAccessBlockConfiguration.BlockPublicPolicy: it could become public",
			},
		},
		{
			"a role for two", func(m *mesh) {
				m.set("identity/PretokenFunction", m.resource("identity/AuthorizerRole").Attributes["Arn"], "Role")
			},
			[]string{"identity/AuthorizerRole: it is the role of ticketmesh-prod-identity-authorizer, ticketmesh-prod-identity-pretoken"},
		},
		{
			"a role of another stack", func(m *mesh) { m.resource("identity/AuthorizerRole").Stack = "mesh" },
			[]string{"identity/AuthorizerFunction Properties.Role: its role is not its stack's"},
		},
		{
			"a policy of AWS's", func(m *mesh) {
				m.set("identity/PretokenRole", []any{"arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"}, "ManagedPolicyArns")
			},
			[]string{"identity/PretokenRole Properties.ManagedPolicyArns: what arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess allow is not ours to say"},
		},
		{
			"all actions", func(m *mesh) {
				m.allow("notifications/ApiRole", "dynamodb:*", m.resource("notifications/Table").Attributes["Arn"])
			},
			[]string{
				"notifications/ApiRole Properties.Policies: dynamodb:* is more than one action",
				"notifications/ApiRole Properties.Policies: ticketmesh-prod-notifications-api may dynamodb:*, and nothing in it asks for that",
			},
		},
		{
			"all resources", func(m *mesh) { m.allow("notifications/ApiRole", "dynamodb:GetItem", "*") },
			[]string{"notifications/ApiRole Properties.Policies: dynamodb:GetItem is allowed on everything"},
		},
		{
			"resources by their beginning", func(m *mesh) {
				m.allow("notifications/ApiRole", "dynamodb:GetItem", m.resource("notifications/Table").Attributes["Arn"]+"/*")
			},
			[]string{"notifications/ApiRole Properties.Policies: dynamodb:GetItem is allowed on arn:aws:dynamodb:eu-central-1:123456789012:table/ticketmesh-prod-notifications/*"},
		},
		{
			"a resource that there is not", func(m *mesh) {
				m.allow("notifications/ApiRole", "dynamodb:GetItem", "arn:aws:dynamodb:eu-central-1:123456789012:table/ticketmesh-prod-notification")
			},
			[]string{"notifications/ApiRole Properties.Policies: there is no arn:aws:dynamodb:eu-central-1:123456789012:table/ticketmesh-prod-notification"},
		},
		{
			"an index that there is not", func(m *mesh) {
				m.allow("notifications/ApiRole", "dynamodb:Query", m.resource("notifications/Table").Attributes["Arn"]+"/index/byOwner")
			},
			[]string{"notifications/ApiRole Properties.Policies: ticketmesh-prod-notifications has no index byOwner"},
		},
		{
			"an index that the code does not name", func(m *mesh) {
				m.allow("notifications/ApiRole", "dynamodb:Query", m.resource("notifications/Table").Attributes["Arn"]+"/index/byDue")
			},
			[]string{"notifications/ApiRole Properties.Policies: ticketmesh-prod-notifications-api may query the index byDue, and nothing in it names that"},
		},
		{
			"an action that the code asks for", func(m *mesh) { m.deny("notifications/RelayRole", "events:PutEvents") },
			[]string{"notifications/RelayRole Properties.Policies: ticketmesh-prod-notifications-relay may not events:PutEvents: its code asks for it"},
		},
		{
			"an action that Lambda asks for", func(m *mesh) { m.deny("notifications/RelayRole", "dynamodb:GetRecords") },
			[]string{"notifications/RelayRole Properties.Policies: ticketmesh-prod-notifications-relay may not dynamodb:GetRecords: RelayFunctionStream reads a stream"},
		},
		{
			"the key of a secret", func(m *mesh) { m.deny("info/ApiRole", "kms:Decrypt") },
			[]string{"info/ApiRole Properties.Policies: ticketmesh-prod-info-api may not kms:Decrypt: its secret is encrypted by a key of ours"},
		},
		{
			"an action that nothing asks for", func(m *mesh) {
				m.allow("notifications/RelayRole", "sqs:PurgeQueue", m.resource("notifications/RelayDeadLetters").Attributes["Arn"])
			},
			[]string{"notifications/RelayRole Properties.Policies: ticketmesh-prod-notifications-relay may sqs:PurgeQueue, and nothing in it asks for that"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &mesh{t: t, account: rules.Account{Stage: "prod", Code: code, Consumers: maps.Clone(documented)}}
			if err := json.Unmarshal(encoded, &m.account.Resources); err != nil {
				t.Fatal(err)
			}
			tt.give(m)
			var got []string
			for _, f := range rules.Check(m.account) {
				got = append(got, strings.TrimPrefix(f.String(), "prod: "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
