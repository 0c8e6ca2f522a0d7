package stacks

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// name is how resources of a type are named: by a property, or by CloudFormation after
// the stack and the logical id.
type name struct {
	property string
	limit    int
	pattern  *regexp.Regexp // what it is made of
	global   bool           // one in all regions
	required bool           // CloudFormation makes none
	lower    bool           // CloudFormation makes it of small letters
	refuses  func(string) string
}

// The limits are from what creates each of them in its service's API reference; what
// CloudFormation says of some, in the Template Reference, is the same.
var (
	// CreateRestApi and CreateApi say no limit; the console's is 1024, and of HTTP APIs 128.
	apiName       = name{property: "Name", limit: 128, pattern: regexp.MustCompile(`^.+$`), required: true}
	apiKeyName    = name{property: "Name", limit: 1024, pattern: regexp.MustCompile(`^.+$`)}
	usagePlanName = name{property: "UsagePlanName", limit: 1024, pattern: regexp.MustCompile(`^.+$`)}
	// CreateFunction of CloudFront.
	edgeFunctionName = name{property: "Name", limit: 64, pattern: regexp.MustCompile(`^[a-zA-Z0-9-_]+$`), global: true, required: true}
	// PutMetricAlarm, PutDashboard.
	alarmName     = name{property: "AlarmName", limit: 255, pattern: regexp.MustCompile(`^[^:]+$`)}
	dashboardName = name{property: "DashboardName", limit: 255, pattern: regexp.MustCompile(`^[A-Za-z0-9_-]+$`)}
	// CreateApplication and CreateDeploymentGroup of CodeDeploy.
	applicationName     = name{property: "ApplicationName", limit: 100, pattern: regexp.MustCompile(`^[A-Za-z0-9._+=,@-]+$`)}
	deploymentGroupName = name{property: "DeploymentGroupName", limit: 100, pattern: regexp.MustCompile(`^[A-Za-z0-9._+=,@-]+$`)}
	// CreateUserPool.
	userPoolName = name{property: "UserPoolName", limit: 128, pattern: regexp.MustCompile(`^[\w\s+=,.@-]+$`)}
	// CreateUserPoolDomain; a domain must not have aws, amazon or cognito in it.
	signInDomain = name{property: "Domain", limit: 63, pattern: regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`), required: true, refuses: func(s string) string {
		for _, word := range []string{"aws", "amazon", "cognito"} {
			if strings.Contains(s, word) {
				return "Cognito takes no domain with " + word + " in it"
			}
		}
		return ""
	}}
	// CreateTable: 3 to 255.
	tableName = name{property: "TableName", limit: 255, pattern: regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,}$`)}
	// CreateSecurityGroup.
	securityGroupName = name{property: "GroupName", limit: 255, pattern: regexp.MustCompile(`^[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]+$`), refuses: func(s string) string {
		if strings.HasPrefix(s, "sg-") {
			return "no security group may be called sg-…"
		}
		return ""
	}}
	// CreateServerlessCache.
	cacheName = name{property: "ServerlessCacheName", limit: 40, pattern: regexp.MustCompile(`^[a-z](?:-?[a-z0-9])*$`), required: true}
	// CreateArchive, CreateEventBus, PutRule.
	archiveName = name{property: "ArchiveName", limit: 48, pattern: regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`)}
	busName     = name{property: "Name", limit: 256, pattern: regexp.MustCompile(`^[/.\-_A-Za-z0-9]+$`), required: true}
	ruleName    = name{property: "Name", limit: 64, pattern: regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`)}
	// CreateRole; names of roles are told apart without regard to case.
	roleName = name{property: "RoleName", limit: 64, pattern: regexp.MustCompile(`^[\w+=,.@-]+$`), global: true}
	// CreateAlias of KMS.
	keyAlias = name{property: "AliasName", limit: 256, pattern: regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`), required: true, refuses: func(s string) string {
		if strings.HasPrefix(s, "alias/aws/") {
			return "alias/aws/ is AWS's"
		}
		return ""
	}}
	// CreateAlias and CreateFunction of Lambda.
	aliasName    = name{property: "Name", limit: 128, pattern: regexp.MustCompile(`^[a-zA-Z0-9-_]*[a-zA-Z-_][a-zA-Z0-9-_]*$`), required: true}
	functionName = name{property: "FunctionName", limit: 64, pattern: regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)}
	// CreateLogGroup.
	logGroupName = name{property: "LogGroupName", limit: 512, pattern: regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)}
	// CreateDBInstance, CreateDBParameterGroup, CreateDBSubnetGroup.
	databaseName      = name{property: "DBInstanceIdentifier", limit: 63, pattern: regexp.MustCompile(`^[a-zA-Z](?:-?[a-zA-Z0-9])*$`), lower: true}
	databaseGroupName = name{property: "DBParameterGroupName", limit: 255, pattern: regexp.MustCompile(`^[a-zA-Z](?:-?[a-zA-Z0-9])*$`), lower: true}
	// CreateBucket, "Bucket naming rules": 3 to 63.
	bucketName = name{property: "BucketName", limit: 63, pattern: regexp.MustCompile(`^[a-z0-9](?:[a-z0-9.-]+)[a-z0-9]$`), global: true, lower: true, refuses: func(s string) string {
		if strings.Contains(s, "..") || strings.HasPrefix(s, "xn--") || strings.HasPrefix(s, "sthree-") || strings.HasSuffix(s, "-s3alias") || strings.HasSuffix(s, "--ol-s3") {
			return "S3 keeps such names for itself"
		}
		return ""
	}}
	// CreateConfigurationSet of SES.
	mailSetName = name{property: "Name", limit: 64, pattern: regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)}
	// CreateTopic.
	topicName = name{property: "TopicName", limit: 256, pattern: regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)}
	// CreateQueue.
	queueName = name{property: "QueueName", limit: 80, pattern: regexp.MustCompile(`^[a-zA-Z0-9_-]+(?:\.fifo)?$`)}
	// PutParameter: at most 15 levels, and with its ARN 1011 characters; aws and ssm are
	// AWS's.
	parameterName = name{property: "Name", limit: 1011 - len("arn:aws:ssm:ap-southeast-1:123456789012:parameter"), pattern: regexp.MustCompile(`^/?[a-zA-Z0-9_.-]+(?:/[a-zA-Z0-9_.-]+)*$`), refuses: func(s string) string {
		switch first, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(s, "/")), "/"); {
		case strings.Count(strings.TrimPrefix(s, "/"), "/") >= 15:
			return "a parameter's name has at most 15 levels"
		case strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm"):
			return "no parameter's name may begin with aws or ssm"
		default:
			return ""
		}
	}}
	// CreateSchedule, CreateScheduleGroup.
	scheduleName      = name{property: "Name", limit: 64, pattern: regexp.MustCompile(`^[0-9a-zA-Z-_.]+$`)}
	scheduleGroupName = name{property: "Name", limit: 64, pattern: regexp.MustCompile(`^[0-9a-zA-Z-_.]+$`)}
	// CreateSecret. A name that ends like an ARN, in a hyphen and six characters, is
	// taken, but is mistaken for one when it is looked for.
	secretName = name{property: "Name", limit: 512, pattern: regexp.MustCompile(`^[\w/+=.@-]+$`), refuses: func(s string) string {
		if regexp.MustCompile(`-\w{6}$`).MatchString(s) {
			return "a secret's name must not end in a hyphen and six characters, as ARNs do"
		}
		return ""
	}}
	// CreateWebACL.
	firewallName = name{property: "Name", limit: 128, pattern: regexp.MustCompile(`^[\w-]+$`)}
)

// properties that name a resource, of types whose name has none of its own above.
var otherNames = map[string]string{"AWS::RDS::DBSubnetGroup": "DBSubnetGroupName"}

// lambdaNames are of functions that others make for a stack: the property says how.
var lambdaNames = map[string][]string{"AWS::SecretsManager::RotationSchedule": {"HostedRotationLambda", "RotationLambdaName"}}

// name names a resource and holds the name to what AWS takes.
func (d *deployment) name(w where, r *Resource, k kind) {
	if path := lambdaNames[r.Type]; path != nil {
		inner, _ := r.Properties[path[0]].(map[string]any)
		if s := text(inner[path[1]]); s != "" {
			d.fits(w.in(path[0]).in(path[1]), functionName, s)
		}
	}
	n := k.name
	if n == nil {
		return
	}
	property := n.property
	if other := otherNames[r.Type]; other != "" {
		property = other
	}
	if r.Properties[property] != nil {
		r.Name = text(r.Properties[property])
	} else if title := title(r.Properties); title != "" {
		r.Name = title
	} else if n.required {
		d.wrong(w, "it has no %s", property)
		return
	} else {
		r.Name = n.generated(d.stack.name, r.LogicalID)
	}
	d.fits(w.in(property), *n, r.Name)
	if n.lower {
		r.Name = strings.ToLower(r.Name)
	}
}

// title is the name that an API has from its document.
func title(properties map[string]any) string {
	document, _ := properties["Body"].(map[string]any)
	info, _ := document["info"].(map[string]any)
	return text(info["title"])
}

// generated is what CloudFormation would make: the stack, the logical id and characters
// of its own, shortened where that is too long.
func (n name) generated(stack, logicalID string) string {
	own := letters("ID", 12, stack+"/"+logicalID)
	most := n.limit - len(own) - 2
	// The stack's name and the logical id give way by halves.
	if len(stack)+len(logicalID) > most {
		half := most / 2
		switch {
		case len(stack) <= half:
			logicalID = logicalID[:most-len(stack)]
		case len(logicalID) <= half:
			stack = stack[:most-len(logicalID)]
		default:
			stack, logicalID = stack[:half], logicalID[:most-half]
		}
	}
	generated := strings.TrimSuffix(stack, "-") + "-" + logicalID + "-" + own
	if n.lower {
		return strings.ToLower(generated)
	}
	return generated
}

func (d *deployment) fits(w where, n name, s string) {
	switch {
	case strings.Contains(s, unknown):
		// What it is made of was not found, and has been told.
	case utf8.RuneCountInString(s) > n.limit:
		d.wrong(w, "%q has %d characters; AWS takes %d", s, utf8.RuneCountInString(s), n.limit)
	case !n.pattern.MatchString(s):
		d.wrong(w, "AWS does not take the name %q: it wants %s", s, n.pattern)
	case n.refuses != nil && n.refuses(s) != "":
		d.wrong(w, "%q: %s", s, n.refuses(s))
	}
}
