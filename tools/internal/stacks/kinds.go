package stacks

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// kind is a type of resources: how it is named, and what Ref and Fn::GetAtt are.
//
// In formats $name is its name, $region, $account and $stack say what they are, $ref is
// Ref, $hex17, $id10 and $uuid are made up, of that length and always the same for a
// resource, and what begins with a capital letter is a property.
type kind struct {
	name       *name  // nil for what has only an id
	ref        string // what Ref is
	key        string // what there may be one of; empty is ref
	attributes map[string]string
}

// identity is what no two resources of an account share.
func (k kind) identity(r Resource) string {
	f := filler{resource: &r}
	scope := r.Region
	if k.name != nil && k.name.global {
		scope = ""
	}
	key := r.PhysicalID
	if k.key != "" {
		key = f.fill(k.key)
	}
	return r.Type + " " + scope + " " + key
}

// kinds are after the "Return values" of each type in the CloudFormation Template
// Reference. A type that is not here is a finding, so the list is what templates have.
var kinds = map[string]kind{
	"AWS::ApiGateway::Account":         {ref: "$hex8"},
	"AWS::ApiGateway::ApiKey":          {name: &apiKeyName, ref: "$id10", key: "$name", attributes: attributes{"APIKeyId": "$ref"}},
	"AWS::ApiGateway::BasePathMapping": {ref: "$DomainName|$BasePath"},
	"AWS::ApiGateway::Deployment":      {ref: "$id6", attributes: attributes{"DeploymentId": "$ref"}},
	"AWS::ApiGateway::DomainName": {ref: "$DomainName", attributes: attributes{
		"RegionalDomainName": "d-$id10.execute-api.$region.amazonaws.com", "RegionalHostedZoneId": "Z1U9ULNL0V5AJ3",
		"DistributionDomainName": "d$id13.cloudfront.net", "DistributionHostedZoneId": "Z2FDTNDATAQYW2",
		"DomainNameArn": "arn:aws:apigateway:$region::/domainnames/$ref",
	}},
	"AWS::ApiGateway::RestApi": {name: &apiName, ref: "$id10", key: "$name", attributes: attributes{"RestApiId": "$ref", "RootResourceId": "$id10r"}},
	"AWS::ApiGateway::Stage":   {ref: "$StageName", key: "$RestApiId|$StageName"},
	"AWS::ApiGateway::UsagePlan": {name: &usagePlanName, ref: "$id6", key: "$name", attributes: attributes{
		"Id": "$ref",
	}},
	"AWS::ApiGateway::UsagePlanKey": {ref: "$KeyId:$UsagePlanId", attributes: attributes{"Id": "$ref"}},
	"AWS::ApiGatewayV2::Api": {name: &apiName, ref: "$id10", key: "$name", attributes: attributes{
		"ApiId": "$ref", "ApiEndpoint": "https://$ref.execute-api.$region.amazonaws.com",
	}},
	"AWS::ApiGatewayV2::ApiMapping":          {ref: "$id6", key: "$DomainName|$ApiMappingKey", attributes: attributes{"ApiMappingId": "$ref"}},
	"AWS::ApiGatewayV2::Stage":               {ref: "$StageName", key: "$ApiId|$StageName"},
	"AWS::CertificateManager::Certificate":   {ref: "arn:aws:acm:$region:$account:certificate/$uuid"},
	"AWS::CloudFront::Distribution":          {ref: "E$ID13", attributes: attributes{"Id": "$ref", "DomainName": "d$id13.cloudfront.net"}},
	"AWS::CloudFront::OriginAccessControl":   {ref: "E$ID13", attributes: attributes{"Id": "$ref"}},
	"AWS::CloudFront::ResponseHeadersPolicy": {ref: "$uuid", attributes: attributes{"Id": "$ref"}},
	"AWS::CloudFront::Function":              {name: &edgeFunctionName, ref: "arn:aws:cloudfront::$account:function/$name", attributes: attributes{"FunctionARN": "$ref", "FunctionMetadata.FunctionARN": "$ref", "Stage": "LIVE"}},
	"AWS::CloudWatch::Alarm":                 {name: &alarmName, ref: "$name", attributes: attributes{"Arn": "arn:aws:cloudwatch:$region:$account:alarm:$name"}},
	"AWS::CloudWatch::Dashboard":             {name: &dashboardName, ref: "$name"},
	"AWS::CodeDeploy::Application":           {name: &applicationName, ref: "$name"},
	"AWS::CodeDeploy::DeploymentGroup":       {name: &deploymentGroupName, ref: "$name", key: "$ApplicationName|$name"},
	"AWS::Cognito::ManagedLoginBranding":     {ref: "$UserPoolId|$uuid", attributes: attributes{"ManagedLoginBrandingId": "$uuid"}},
	"AWS::Cognito::UserPool": {name: &userPoolName, ref: "${region}_$ID9", key: "$name", attributes: attributes{
		"Arn": "arn:aws:cognito-idp:$region:$account:userpool/$ref", "UserPoolId": "$ref",
		"ProviderName": "cognito-idp.$region.amazonaws.com/$ref", "ProviderURL": "https://cognito-idp.$region.amazonaws.com/$ref",
	}},
	"AWS::Cognito::UserPoolClient":                {ref: "$id26", attributes: attributes{"ClientId": "$ref", "Name": "$ClientName"}},
	"AWS::Cognito::UserPoolDomain":                {name: &signInDomain, ref: "$Domain", attributes: attributes{"CloudFrontDistribution": "d$id13.cloudfront.net"}},
	"AWS::Cognito::UserPoolGroup":                 {ref: "$GroupName", key: "$UserPoolId|$GroupName"},
	"AWS::Cognito::UserPoolIdentityProvider":      {ref: "$ProviderName", key: "$UserPoolId|$ProviderName"},
	"AWS::Cognito::UserPoolResourceServer":        {ref: "$Identifier", key: "$UserPoolId|$Identifier"},
	"AWS::DynamoDB::Table":                        {name: &tableName, ref: "$name", attributes: attributes{"Arn": "arn:aws:dynamodb:$region:$account:table/$name", "StreamArn": "arn:aws:dynamodb:$region:$account:table/$name/stream/2026-01-01T00:00:00.000"}},
	"AWS::EC2::EIP":                               {ref: "203.0.113.$byte", attributes: attributes{"PublicIp": "$ref", "AllocationId": "eipalloc-$hex17"}},
	"AWS::EC2::InternetGateway":                   {ref: "igw-$hex17", attributes: attributes{"InternetGatewayId": "$ref"}},
	"AWS::EC2::NatGateway":                        {ref: "nat-$hex17", attributes: attributes{"NatGatewayId": "$ref"}},
	"AWS::EC2::Route":                             {ref: "$RouteTableId|$DestinationCidrBlock"},
	"AWS::EC2::RouteTable":                        {ref: "rtb-$hex17", attributes: attributes{"RouteTableId": "$ref"}},
	"AWS::EC2::SecurityGroup":                     {name: &securityGroupName, ref: "sg-$hex17", key: "$VpcId|$name", attributes: attributes{"GroupId": "$ref", "Id": "$ref", "VpcId": "$VpcId"}},
	"AWS::EC2::SecurityGroupIngress":              {ref: "sgr-$hex17", attributes: attributes{"Id": "$ref"}},
	"AWS::EC2::Subnet":                            {ref: "subnet-$hex17", attributes: attributes{"SubnetId": "$ref", "VpcId": "$VpcId", "AvailabilityZone": "$AvailabilityZone", "CidrBlock": "$CidrBlock"}},
	"AWS::EC2::SubnetRouteTableAssociation":       {ref: "rtbassoc-$hex17", key: "$SubnetId", attributes: attributes{"Id": "$ref"}},
	"AWS::EC2::VPC":                               {ref: "vpc-$hex17", attributes: attributes{"VpcId": "$ref", "CidrBlock": "$CidrBlock", "DefaultSecurityGroup": "sg-$hex17", "DefaultNetworkAcl": "acl-$hex17"}},
	"AWS::EC2::VPCEndpoint":                       {ref: "vpce-$hex17", attributes: attributes{"Id": "$ref"}},
	"AWS::EC2::VPCGatewayAttachment":              {ref: "IGW|$VpcId"},
	"AWS::ElastiCache::ServerlessCache":           {name: &cacheName, ref: "$name", attributes: attributes{"ARN": "arn:aws:elasticache:$region:$account:serverlesscache:$name", "Endpoint.Address": "$name-$id6.serverless.euc1.cache.amazonaws.com", "Endpoint.Port": "6379", "ReaderEndpoint.Address": "$name-$id6.serverless.euc1.cache.amazonaws.com", "ReaderEndpoint.Port": "6380"}},
	"AWS::Events::Archive":                        {name: &archiveName, ref: "$name", attributes: attributes{"Arn": "arn:aws:events:$region:$account:archive/$name"}},
	"AWS::Events::EventBus":                       {name: &busName, ref: "$name", attributes: attributes{"Arn": "arn:aws:events:$region:$account:event-bus/$name", "Name": "$name"}},
	"AWS::Events::Rule":                           {name: &ruleName, ref: "$bus$name", key: "$bus/$name", attributes: attributes{"Arn": "arn:aws:events:$region:$account:rule/${busPath}$name"}},
	"AWS::IAM::Role":                              {name: &roleName, ref: "$name", attributes: attributes{"Arn": "arn:aws:iam::$account:role/$name", "RoleId": "AROA$ID17"}},
	"AWS::KMS::Alias":                             {name: &keyAlias, ref: "$name"},
	"AWS::KMS::Key":                               {ref: "$uuid", attributes: attributes{"KeyId": "$ref", "Arn": "arn:aws:kms:$region:$account:key/$ref"}},
	"AWS::Lambda::Alias":                          {name: &aliasName, ref: "arn:aws:lambda:$region:$account:function:$FunctionName:$Name", attributes: attributes{"AliasArn": "$ref"}},
	"AWS::Lambda::EventInvokeConfig":              {ref: "EventInvokeConfig|$FunctionName|$Qualifier"},
	"AWS::Lambda::EventSourceMapping":             {ref: "$uuid", key: "$EventSourceArn|$FunctionName", attributes: attributes{"Id": "$ref", "EventSourceMappingArn": "arn:aws:lambda:$region:$account:event-source-mapping:$ref"}},
	"AWS::Lambda::Function":                       {name: &functionName, ref: "$name", attributes: attributes{"Arn": "arn:aws:lambda:$region:$account:function:$name"}},
	"AWS::Lambda::Permission":                     {ref: "$stack-$id12", attributes: attributes{"Id": "$ref"}},
	"AWS::Lambda::Version":                        {ref: "arn:aws:lambda:$region:$account:function:$FunctionName:1", attributes: attributes{"Version": "1", "FunctionArn": "$ref"}},
	"AWS::Logs::Delivery":                         {ref: "$id16", attributes: attributes{"DeliveryId": "$ref", "Arn": "arn:aws:logs:$region:$account:delivery:$ref"}},
	"AWS::Logs::DeliveryDestination":              {ref: "$Name", attributes: attributes{"Arn": "arn:aws:logs:$region:$account:delivery-destination:$Name"}},
	"AWS::Logs::DeliverySource":                   {ref: "$Name", attributes: attributes{"Arn": "arn:aws:logs:$region:$account:delivery-source:$Name"}},
	"AWS::Logs::LogGroup":                         {name: &logGroupName, ref: "$name", attributes: attributes{"Arn": "arn:aws:logs:$region:$account:log-group:$name:*"}},
	"AWS::RDS::DBInstance":                        {name: &databaseName, ref: "$name", attributes: attributes{"DBInstanceArn": "arn:aws:rds:$region:$account:db:$name", "Endpoint.Address": "$name.$id12.$region.rds.amazonaws.com", "Endpoint.Port": "5432", "DbiResourceId": "db-$ID26"}},
	"AWS::RDS::DBParameterGroup":                  {name: &databaseGroupName, ref: "$name"},
	"AWS::RDS::DBSubnetGroup":                     {name: &databaseGroupName, ref: "$name"},
	"AWS::Route53::HealthCheck":                   {ref: "$uuid", attributes: attributes{"HealthCheckId": "$ref"}},
	"AWS::Route53::RecordSet":                     {ref: "$Name", key: "$HostedZoneId|$Name|$Type"},
	"AWS::S3::Bucket":                             {name: &bucketName, ref: "$name", attributes: attributes{"Arn": "arn:aws:s3:::$name", "DomainName": "$name.s3.amazonaws.com", "RegionalDomainName": "$name.s3.$region.amazonaws.com", "DualStackDomainName": "$name.s3.dualstack.$region.amazonaws.com", "WebsiteURL": "http://$name.s3-website.$region.amazonaws.com"}},
	"AWS::S3::BucketPolicy":                       {ref: "$Bucket"},
	"AWS::SES::ConfigurationSet":                  {name: &mailSetName, ref: "$name"},
	"AWS::SES::ConfigurationSetEventDestination":  {ref: "$ConfigurationSetName|$id12", attributes: attributes{"Id": "$ref"}},
	"AWS::SES::EmailIdentity":                     {ref: "$EmailIdentity"},
	"AWS::SNS::Subscription":                      {ref: "$TopicArn:$uuid", attributes: attributes{"Arn": "$ref"}},
	"AWS::SNS::Topic":                             {name: &topicName, ref: "arn:aws:sns:$region:$account:$name", attributes: attributes{"TopicArn": "$ref", "TopicName": "$name"}},
	"AWS::SNS::TopicPolicy":                       {ref: "$stack-$id12", attributes: attributes{"Id": "$ref"}},
	"AWS::SQS::Queue":                             {name: &queueName, ref: "https://sqs.$region.amazonaws.com/$account/$name", attributes: attributes{"Arn": "arn:aws:sqs:$region:$account:$name", "QueueName": "$name", "QueueUrl": "$ref"}},
	"AWS::SQS::QueuePolicy":                       {ref: "$stack-$id12", attributes: attributes{"Id": "$ref"}},
	"AWS::SSM::Parameter":                         {name: &parameterName, ref: "$name", attributes: attributes{"Type": "$Type", "Value": "$Value"}},
	"AWS::Scheduler::Schedule":                    {name: &scheduleName, ref: "$name", key: "$group/$name", attributes: attributes{"Arn": "arn:aws:scheduler:$region:$account:schedule/$group/$name"}},
	"AWS::Scheduler::ScheduleGroup":               {name: &scheduleGroupName, ref: "$name", attributes: attributes{"Arn": "arn:aws:scheduler:$region:$account:schedule-group/$name"}},
	"AWS::SecretsManager::RotationSchedule":       {ref: "$SecretId", attributes: attributes{"Id": "$ref"}},
	"AWS::SecretsManager::Secret":                 {name: &secretName, ref: "arn:aws:secretsmanager:$region:$account:secret:$name-$ID6", attributes: attributes{"Id": "$ref"}},
	"AWS::SecretsManager::SecretTargetAttachment": {ref: "$SecretId", attributes: attributes{"Id": "$ref"}},
	"AWS::WAFv2::LoggingConfiguration":            {ref: "$ResourceArn"},
	"AWS::WAFv2::WebACL":                          {name: &firewallName, ref: "$name|$uuid|$Scope", key: "$name|$Scope", attributes: attributes{"Id": "$uuid", "Arn": "arn:aws:wafv2:$region:$account:$scope/webacl/$name/$uuid"}},
	"AWS::WAFv2::WebACLAssociation":               {ref: "$WebACLArn|$ResourceArn", key: "$ResourceArn"},
	"AWS::XRay::SamplingRule":                     {ref: "arn:aws:xray:$region:$account:sampling-rule/$hex17", attributes: attributes{"RuleARN": "$ref"}},
}

type attributes = map[string]string

// filler fills formats for one resource.
type filler struct {
	stack    string
	resource *Resource
}

// made are what is made up: its letters, and how many of them.
var made = regexp.MustCompile(`^(hex|id|ID)(\d+)r?$`)

func (f filler) fill(format string) string { return os.Expand(format, f.word) }

func (f filler) word(word string) string {
	r := f.resource
	switch word {
	case "name":
		return r.Name
	case "ref":
		return r.PhysicalID
	case "region":
		return r.Region
	case "account":
		return AccountID
	case "stack":
		return f.stack
	case "uuid":
		return uuid(f.seed(word))
	case "byte":
		return strconv.Itoa(int(sum(f.seed(word))[0]))
	case "scope":
		if r.Properties["Scope"] == "CLOUDFRONT" {
			return "global"
		}
		return "regional"
	case "group":
		return cmp.Or(text(r.Properties["GroupName"]), "default")
	case "bus", "busPath":
		// The default bus is in neither.
		bus := text(r.Properties["EventBusName"])
		if bus == "" || bus == "default" {
			return ""
		}
		return bus + map[string]string{"bus": "|", "busPath": "/"}[word]
	}
	if parts := made.FindStringSubmatch(word); parts != nil {
		length, _ := strconv.Atoi(parts[2])
		return letters(parts[1], length, f.seed(word))
	}
	return text(r.Properties[word])
}

func (f filler) seed(word string) string {
	r := f.resource
	return fmt.Sprint(f.stack, "/", r.LogicalID, "/", word)
}

func letters(alphabet string, length int, seed string) string {
	b := sum(seed)
	var s string
	switch alphabet {
	case "hex":
		s = hex.EncodeToString(b)
	case "id":
		s = strings.ToLower(base32.StdEncoding.EncodeToString(b))
	default:
		s = base32.StdEncoding.EncodeToString(b)
	}
	return s[:length]
}

func uuid(seed string) string {
	s := hex.EncodeToString(sum(seed))
	return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-8" + s[17:20] + "-" + s[20:32]
}

func sum(seed string) []byte {
	b := sha256.Sum256([]byte(seed))
	return b[:]
}
