package rules

import (
	"maps"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/stacks"
)

// functions: they are what they are built for, are traced, and log where logs end.
func (v *view) functions() {
	for _, f := range v.of("AWS::Lambda::Function") {
		if got := texts(of(f, "Architectures")); !slices.Equal(got, []string{"arm64"}) {
			v.wrong(f, "Properties.Architectures", "it is %v, and built for arm64", got)
		}
		if got := str(of(f, "Runtime")); got != "provided.al2023" {
			v.wrong(f, "Properties.Runtime", "it is %q, not provided.al2023", got)
		}
		if str(of(f, "TracingConfig", "Mode")) != "Active" {
			v.wrong(f, "Properties.TracingConfig.Mode", "it is not traced")
		}
		if of(f, "Timeout") == nil || of(f, "MemorySize") == nil {
			v.wrong(f, "Properties", "it has not said how long it may take and how much memory it has")
		}
		group := str(of(f, "LoggingConfig", "LogGroup"))
		if !slices.ContainsFunc(v.of("AWS::Logs::LogGroup"), func(g stacks.Resource) bool { return g.Name == group }) {
			v.wrong(f, "Properties.LoggingConfig.LogGroup", "its log is in no group of a stack, and is kept for ever")
		}
		if !strings.HasPrefix(f.Name, "ticketmesh-"+v.Stage+"-"+f.Stack+"-") {
			v.wrong(f, "Properties.FunctionName", "%q is not called after its stage and stack", f.Name)
		}
	}
	for _, g := range v.of("AWS::Logs::LogGroup") {
		if of(g, "RetentionInDays") == nil {
			v.wrong(g, "Properties.RetentionInDays", "it is kept for ever")
		}
	}
}

// instead are variables that are needed only when another is not set.
var instead = map[string]string{
	"TICKETMESH_DATABASE_HOST": "TICKETMESH_DATABASE_SECRET",
	"TICKETMESH_DATABASE_NAME": "TICKETMESH_DATABASE_SECRET",
	"TICKETMESH_DATABASE_USER": "TICKETMESH_DATABASE_SECRET",
}

// variables: a function has those that its code needs, and none that it does not read.
func (v *view) variables() {
	for _, f := range v.of("AWS::Lambda::Function") {
		code, is := v.code(f)
		if !is {
			continue
		}
		set, _ := of(f, "Environment", "Variables").(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(set)) {
			switch {
			case !variableName.MatchString(name):
				v.wrong(f, "Properties.Environment.Variables."+name, "variables are called TICKETMESH_…")
			case !slices.Contains(code.Reads, name):
				v.wrong(f, "Properties.Environment.Variables."+name, "its code does not read it")
			}
		}
		for _, name := range code.Needs {
			if set[name] == nil && set[instead[name]] == nil {
				v.wrong(f, "Properties.Environment.Variables", "its code needs %s, which is not set", name)
			}
		}
	}
}

// code is what is known of a function's code; none of one that a transform makes.
func (v *view) code(f stacks.Resource) (Code, bool) {
	folder := str(of(f, "Code", "S3Key"))
	code, is := v.Code[folder]
	if !is {
		v.wrong(f, "Properties.Code", "there is no code in %s", folder)
	}
	return code, is
}

// quietFunctions have no alarm on their errors, for a reason.
var quietFunctions = map[string]string{
	"identity-authorizer": "a token that is not good is an error, by which the gateway answers 401",
}

// alarms: each tells somebody, and looks at something that there is. Every function's
// errors have one.
func (v *view) alarms() {
	looked := map[string]bool{}
	for _, a := range v.of("AWS::CloudWatch::Alarm") {
		if len(list(of(a, "AlarmActions"))) == 0 {
			v.wrong(a, "Properties.AlarmActions", "it tells nobody")
		}
		for _, d := range list(of(a, "Dimensions")) {
			name, value := str(at(d, "Name")), str(at(d, "Value"))
			kind, known := map[string][]string{
				"FunctionName": {"AWS::Lambda::Function"}, "QueueName": {"AWS::SQS::Queue"}, "TableName": {"AWS::DynamoDB::Table"},
				"ApiName": {"AWS::ApiGateway::RestApi"}, "ApiId": {"AWS::ApiGatewayV2::Api"}, "DBInstanceIdentifier": {"AWS::RDS::DBInstance"},
			}[name]
			if known && !slices.ContainsFunc(v.Resources, func(r stacks.Resource) bool {
				return slices.Contains(kind, r.Type) && (r.Name == value || r.PhysicalID == value)
			}) {
				v.wrong(a, "Properties.Dimensions", "there is no %s %s", name, value)
			}
		}
		if str(of(a, "MetricName")) == "Errors" {
			looked[dimension(a, "FunctionName")] = true
		}
	}
	for _, f := range v.of("AWS::Lambda::Function") {
		if _, quiet := quietFunctions[strings.TrimPrefix(f.Name, "ticketmesh-"+v.Stage+"-")]; !quiet && !looked[f.Name] {
			v.wrong(f, "", "nobody is told that it fails: no alarm looks at Errors")
		}
	}
}

// dimension is what an alarm's metric is of.
func dimension(a stacks.Resource, name string) string {
	for _, d := range list(of(a, "Dimensions")) {
		if str(at(d, "Name")) == name {
			return str(at(d, "Value"))
		}
	}
	return ""
}

// apis: their stages log who asked for what, are traced where that can be, and bound how
// often anybody may ask. One that has a place in a domain is reached there alone, and any
// other by its own endpoint. What may invoke a function is a single thing.
func (v *view) apis() {
	mapped := map[string]bool{}
	for _, m := range slices.Concat(v.of("AWS::ApiGateway::BasePathMapping"), v.of("AWS::ApiGatewayV2::ApiMapping")) {
		mapped[str(of(m, "RestApiId"))+str(of(m, "ApiId"))] = true
	}
	for _, api := range slices.Concat(v.of("AWS::ApiGateway::RestApi"), v.of("AWS::ApiGatewayV2::Api")) {
		closed := slices.ContainsFunc(list(of(api, "Body", "servers")), func(s any) bool { // of OpenAPI 3; beside paths it says nothing
			return yes(at(s, "x-amazon-apigateway-endpoint-configuration", "disableExecuteApiEndpoint"))
		})
		switch {
		case mapped[api.PhysicalID] && !closed:
			v.wrong(api, "Properties.Body", "it is reached beside its domain, and what that asks of clients")
		case !mapped[api.PhysicalID] && closed:
			v.wrong(api, "Properties.Body", "it is reached nowhere")
		}
	}
	for _, s := range v.of("AWS::ApiGateway::Stage") {
		if of(s, "AccessLogSetting", "DestinationArn") == nil {
			v.wrong(s, "Properties.AccessLogSetting", "nobody knows who asked for what")
		}
		if !yes(of(s, "TracingEnabled")) {
			v.wrong(s, "Properties.TracingEnabled", "it is not traced")
		}
		if !slices.ContainsFunc(list(of(s, "MethodSettings")), func(m any) bool {
			return str(at(m, "ResourcePath")) == "/*" && str(at(m, "HttpMethod")) == "*" && number(at(m, "ThrottlingRateLimit")) > 0
		}) {
			v.wrong(s, "Properties.MethodSettings", "its methods are not throttled")
		}
	}
	for _, s := range v.of("AWS::ApiGatewayV2::Stage") {
		if of(s, "AccessLogSettings", "DestinationArn") == nil {
			v.wrong(s, "Properties.AccessLogSettings", "nobody knows who asked for what")
		}
		if number(of(s, "DefaultRouteSettings", "ThrottlingRateLimit")) <= 0 {
			v.wrong(s, "Properties.DefaultRouteSettings", "its routes are not throttled")
		}
	}
	for _, p := range v.of("AWS::Lambda::Permission") {
		if str(of(p, "SourceArn")) == "" {
			v.wrong(p, "Properties.SourceArn", "everything of %s may invoke the function", str(of(p, "Principal")))
		}
	}
}

// integrations: what an API asks is there, and lets it ask.
func (v *view) integrations() {
	for _, api := range slices.Concat(v.of("AWS::ApiGateway::RestApi"), v.of("AWS::ApiGatewayV2::Api")) {
		alias := ""
		for _, s := range v.of("AWS::ApiGateway::Stage") {
			if str(of(s, "RestApiId")) == api.PhysicalID {
				alias = str(of(s, "Variables", "alias"))
			}
		}
		for _, uri := range uris(of(api, "Body")) {
			_, arn, is := strings.Cut(strings.ReplaceAll(uri, "${stageVariables.alias}", alias), "/functions/")
			if !is {
				continue
			}
			arn = strings.TrimSuffix(arn, "/invocations")
			if v.byARN[arn].Type != "AWS::Lambda::Alias" {
				v.wrong(api, "Properties.Body", "there is no %s", arn)
			} else if !slices.ContainsFunc(v.of("AWS::Lambda::Permission"), func(p stacks.Resource) bool {
				return str(of(p, "FunctionName")) == arn && strings.Contains(str(of(p, "SourceArn")), ":"+api.PhysicalID+"/")
			}) {
				v.wrong(api, "Properties.Body", "%s does not let it invoke it", arn)
			}
		}
	}
	for _, d := range v.of("AWS::CloudFront::Distribution") {
		for _, origin := range list(of(d, "DistributionConfig", "Origins")) {
			name := str(at(origin, "DomainName"))
			if !slices.ContainsFunc(v.Resources, func(r stacks.Resource) bool {
				return r.Type == "AWS::S3::Bucket" && r.Attributes["RegionalDomainName"] == name || r.Type == "AWS::ApiGateway::DomainName" && r.PhysicalID == name
			}) {
				v.wrong(d, "Properties.DistributionConfig.Origins", "there is no %s", name)
			}
		}
	}
}

// uris are those of a document's integrations, each once.
func uris(document any) []string {
	var found []string
	switch d := document.(type) {
	case map[string]any:
		if integration, is := d["x-amazon-apigateway-integration"]; is {
			found = append(found, str(at(integration, "uri")))
		}
		for _, inner := range d {
			found = append(found, uris(inner)...)
		}
	case []any:
		for _, inner := range d {
			found = append(found, uris(inner)...)
		}
	}
	return sorted(found)
}

// data: it is encrypted, can be had back, and in prod is not deleted by mistake.
func (v *view) data() {
	prod := v.Stage == "prod"
	for _, t := range v.of("AWS::DynamoDB::Table") {
		if !yes(of(t, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")) {
			v.wrong(t, "Properties.PointInTimeRecoverySpecification", "it cannot be had back as it was")
		}
		if !yes(of(t, "SSESpecification", "SSEEnabled")) {
			v.wrong(t, "Properties.SSESpecification", "it is not encrypted by a key of the account")
		}
		if prod && !yes(of(t, "DeletionProtectionEnabled")) {
			v.wrong(t, "Properties.DeletionProtectionEnabled", "in prod it can be deleted")
		}
		v.kept(t)
	}
	for _, d := range v.of("AWS::RDS::DBInstance") {
		if !yes(of(d, "StorageEncrypted")) {
			v.wrong(d, "Properties.StorageEncrypted", "it is not encrypted")
		}
		if number(of(d, "BackupRetentionPeriod")) < 1 {
			v.wrong(d, "Properties.BackupRetentionPeriod", "it cannot be had back as it was")
		}
		if of(d, "PubliclyAccessible") != false {
			v.wrong(d, "Properties.PubliclyAccessible", "it can be reached from everywhere")
		}
		if prod && !yes(of(d, "DeletionProtection")) {
			v.wrong(d, "Properties.DeletionProtection", "in prod it can be deleted")
		}
		v.kept(d)
	}
	for _, p := range v.of("AWS::Cognito::UserPool") {
		if prod && str(of(p, "DeletionProtection")) != "ACTIVE" {
			v.wrong(p, "Properties.DeletionProtection", "in prod it can be deleted")
		}
		v.kept(p)
	}
	for _, b := range v.of("AWS::S3::Bucket") {
		if of(b, "BucketEncryption") == nil {
			v.wrong(b, "Properties.BucketEncryption", "it is not encrypted")
		}
		for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if !yes(of(b, "PublicAccessBlockConfiguration", block)) {
				v.wrong(b, "Properties.PublicAccessBlockConfiguration."+block, "it could become public")
			}
		}
	}
}

// kept holds data to outlive its stack.
func (v *view) kept(r stacks.Resource) {
	if r.Deletion != "Retain" && r.Deletion != "Snapshot" {
		v.wrong(r, "DeletionPolicy", "it is deleted together with its stack")
	}
}
