package stacks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/stacks"
)

// TestADeploymentFailsAsItWouldOnAWS has for each kind of failure a template, or two,
// with nothing else wrong.
func TestADeploymentFailsAsItWouldOnAWS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		give       map[string]string
		parameters map[string]map[string]string
		want       []string
	}{
		{
			name: "a parameter of the Parameter Store that no stack publishes",
			give: map[string]string{"a": `
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: '{{resolve:ssm:/mesh/name}}'}}`},
			want: []string{"dev: a/Topic Properties.DisplayName: there is no parameter /mesh/name: no stack makes it"},
		},
		{
			name: "one that a template's parameter takes its value from",
			give: map[string]string{"a": `
Parameters:
  Name: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /mesh/name}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: {Ref: Name}}}`},
			want: []string{"dev: a Parameters.Name: there is no parameter /mesh/name: no stack makes it"},
		},
		{
			name: "a stack's own parameter, which is not there when the stack begins",
			give: map[string]string{"a": `
Resources:
  Name: {Type: AWS::SSM::Parameter, Properties: {Name: /mesh/name, Type: String, Value: x}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: '{{resolve:ssm:/mesh/name}}'}}`},
			want: []string{"dev: a: stacks wait for each other, a -> a: a/Topic reads parameter /mesh/name of a"},
		},
		{
			name: "an import that nobody exports",
			give: map[string]string{"a": `
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: {'Fn::ImportValue': name}}}`},
			want: []string{"dev: a/Topic Properties.DisplayName.Fn::ImportValue: there is no export name: no stack makes it"},
		},
		{
			name: "two exports of one name",
			give: map[string]string{
				"a": `
Outputs:
  Name: {Value: x, Export: {Name: name}}`,
				"b": `
Outputs:
  Name: {Value: x, Export: {Name: name}}`,
			},
			want: []string{"dev: b Outputs: name is exported by a already"},
		},
		{
			name: "a secret that there is not",
			give: map[string]string{"a": `
Resources:
  Database: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: '{{resolve:secretsmanager:mesh/database:SecretString:password}}'}}`},
			want: []string{"dev: a/Database Properties.MasterUserPassword: there is no secret mesh/database: no stack makes it"},
		},
		{
			name: "a member that a secret has not",
			give: map[string]string{"a": `
Resources:
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: mesh/database, GenerateSecretString: {SecretStringTemplate: '{"username":"mesh"}', GenerateStringKey: password}}}
  Database: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: {'Fn::Sub': '{{resolve:secretsmanager:${Secret}:SecretString:passwort}}'}}}`},
			want: []string{"dev: a/Database Properties.MasterUserPassword.Fn::Sub: the secret arn:aws:secretsmanager:eu-central-1:123456789012:secret:mesh/database-KGVNQI has no passwort"},
		},
		{
			name: "a domain that no stack makes",
			give: map[string]string{"a": `
Resources:
  Mapping: {Type: AWS::ApiGateway::BasePathMapping, Properties: {DomainName: api.example.com, BasePath: a}}`},
			want: []string{"dev: a/Mapping Properties.DomainName: there is no API domain api.example.com: no stack makes it"},
		},
		{
			name: "logs of a gateway that may write none",
			give: map[string]string{"a": `
Resources:
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: a, StageName: a, AccessLogSetting: {DestinationArn: a}}}`},
			want: []string{"dev: a/Stage Properties.AccessLogSetting: there is no role by which API Gateway writes logs: no stack makes it"},
		},
		{
			name: "a bus that no stack makes",
			give: map[string]string{"a": `
Resources:
  Rule: {Type: AWS::Events::Rule, Properties: {EventBusName: mesh}}`},
			want: []string{"dev: a/Rule Properties.EventBusName: there is no event bus mesh: no stack makes it"},
		},
		{
			name: "a group of schedules that no stack makes",
			give: map[string]string{"a": `
Resources:
  Schedule: {Type: AWS::Scheduler::Schedule, Properties: {GroupName: mesh}}`},
			want: []string{"dev: a/Schedule Properties.GroupName: there is no schedule group mesh: no stack makes it"},
		},
		{
			name: "a topic that no stack makes",
			give: map[string]string{"a": `
Resources:
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmActions: ['arn:aws:sns:eu-central-1:123456789012:mesh']}}`},
			want: []string{"dev: a/Alarm Properties.AlarmActions: there is no topic arn:aws:sns:eu-central-1:123456789012:mesh: no stack makes it"},
		},
		{
			name: "a zone that is not the account's",
			give: map[string]string{"a": `
Parameters:
  Zone: {Type: AWS::Route53::HostedZone::Id}
Resources:
  Record: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: Z0123456789EXAMPLE, Name: {Ref: Zone}, Type: A}}`},
			parameters: map[string]map[string]string{"a": {"Zone": "Z1"}},
			want:       []string{"dev: a Parameters.Zone: there is no hosted zone Z1: no stack makes it"},
		},
		{
			name: "resources that wait for each other",
			give: map[string]string{"a": `
Resources:
  A: {Type: AWS::SNS::Topic, Properties: {DisplayName: {Ref: B}}}
  B: {Type: AWS::SNS::Topic, DependsOn: C}
  C: {Type: AWS::SNS::Topic, Properties: {DisplayName: {'Fn::Sub': 'x ${A.TopicName}'}}}`},
			want: []string{"dev: a/C Properties.DisplayName.Fn::Sub: resources wait for each other: A -> B -> C -> A"},
		},
		{
			name: "stacks that wait for each other, and one that waits for them",
			give: map[string]string{
				"a": `
Resources:
  X: {Type: AWS::SNS::Topic, Properties: {DisplayName: '{{resolve:ssm:/b}}'}}`,
				"b": `
Resources:
  Name: {Type: AWS::SSM::Parameter, Properties: {Name: /b, Type: String, Value: {'Fn::ImportValue': c}}}`,
				"c": `
Resources:
  Name: {Type: AWS::SNS::Topic, Properties: {DisplayName: '{{resolve:ssm:/b}}'}}
Outputs:
  C: {Value: x, Export: {Name: c}}`,
			},
			want: []string{"dev: b: stacks wait for each other, b -> c -> b: b/Name reads export c of c, c/Name reads parameter /b of b"},
		},
		{
			name: "what a condition leaves out",
			give: map[string]string{"a": `
Conditions:
  No: {'Fn::Equals': [a, b]}
Resources:
  A: {Type: AWS::SNS::Topic, Condition: No}
  B: {Type: AWS::SNS::Topic, Properties: {DisplayName: {Ref: A}}}`},
			want: []string{"dev: a/B Properties.DisplayName.Ref: there is no A: its condition No does not hold"},
		},
		{
			name: "what the template has not",
			give: map[string]string{"a": `
Resources:
  B: {Type: AWS::SNS::Topic, DependsOn: [C], Properties: {DisplayName: {Ref: A}, TopicName: {'Fn::If': [No, a, b]}}}`},
			want: []string{
				"dev: a/B DependsOn: there is no C",
				"dev: a/B Properties.DisplayName.Ref: there is no A",
				"dev: a/B Properties.TopicName.Fn::If: there is no condition No, or it asks for itself",
			},
		},
		{
			name: "an attribute that its type has not",
			give: map[string]string{"a": `
Resources:
  A: {Type: AWS::SNS::Topic}
  B: {Type: AWS::SNS::Topic, Properties: {DisplayName: {'Fn::GetAtt': [A, Arn]}}}`},
			want: []string{"dev: a/B Properties.DisplayName.Fn::GetAtt: AWS::SNS::Topic has no attribute Arn"},
		},
		{
			name: "a type that is not known",
			give: map[string]string{"a": `
Resources:
  A: {Type: AWS::SNS::Tropic}`},
			want: []string{"dev: a/A Type: AWS::SNS::Tropic is not known here: give it a line in kinds"},
		},
		{
			name: "functions that are given something else",
			give: map[string]string{"a": `
Mappings: {Sizes: {dev: {memory: 1}}}
Resources:
  A:
    Type: AWS::SNS::Topic
    Properties:
      A: {'Fn::FindInMap': [Sizes, prod, memory]}
      B: {'Fn::Select': [2, [a, b]]}
      C: {'Fn::Cidr': [a]}
      D: {'Fn::Join': ['', x]}`},
			want: []string{
				"dev: a/A Properties.A.Fn::FindInMap: there is no Sizes.prod.memory",
				"dev: a/A Properties.B.Fn::Select: there is no element 2",
				"dev: a/A Properties.C.Fn::Cidr: Fn::Cidr is not a function of CloudFormation that is known here",
				"dev: a/A Properties.D.Fn::Join: it has no list to join",
			},
		},
		{
			name: "parameters out of their bounds",
			give: map[string]string{"a": `
Parameters:
  Choice: {Type: String, AllowedValues: [a, b]}
  Pattern: {Type: String, AllowedPattern: '[a-z]+'}
  Number: {Type: Number, MinValue: 1, MaxValue: 3}
  Word: {Type: Number}
  Long: {Type: String, MaxLength: 2}
  None: {Type: String}
  Odd: {Type: Text, Default: x}`},
			parameters: map[string]map[string]string{"a": {"Choice": "c", "Pattern": "ab1", "Number": "4", "Word": "four", "Long": "abc", "Other": "x"}},
			want: []string{
				`dev: a Parameters.Choice: "c" is none of a,b`,
				`dev: a Parameters.Long: "abc" is too long: the limit is 2`,
				"dev: a Parameters.None: it has no value",
				`dev: a Parameters.Number: "4" is too large: the limit is 3`,
				"dev: a Parameters.Odd: Text is no type of parameter that is known here",
				"dev: a Parameters.Other: the template has no such parameter",
				`dev: a Parameters.Pattern: "ab1" does not match [a-z]+`,
				`dev: a Parameters.Word: "four" is no number`,
			},
		},
		{
			name: "a name that is too long once the stage is in it",
			give: map[string]string{"a": `
Parameters: {Stage: {Type: String}}
Resources:
  A: {Type: AWS::Lambda::Function, Properties: {FunctionName: {'Fn::Sub': 'ticketmesh-${Stage}-notifications-feedback-of-all-mails'}}}`},
			parameters: map[string]map[string]string{"a": {"Stage": "a-stage-of-20-letters"}},
			want:       []string{`dev: a/A Properties.FunctionName: "ticketmesh-a-stage-of-20-letters-notifications-feedback-of-all-mails" has 68 characters; AWS takes 64`},
		},
		{
			name: "names of characters that AWS refuses",
			give: map[string]string{"a": `
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: a/b}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: a..b}}
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Name: /aws/x, Value: x}}
  Deep: {Type: AWS::SSM::Parameter, Properties: {Name: /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16, Value: x}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: mesh-secret}}`},
			want: []string{
				`dev: a/Bucket Properties.BucketName: "a..b": S3 keeps such names for itself`,
				`dev: a/Deep Properties.Name: "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16": a parameter's name has at most 15 levels`,
				`dev: a/Parameter Properties.Name: "/aws/x": no parameter's name may begin with aws or ssm`,
				`dev: a/Queue Properties.QueueName: AWS does not take the name "a/b": it wants ^[a-zA-Z0-9_-]+(?:\.fifo)?$`,
				`dev: a/Secret Properties.Name: "mesh-secret": a secret's name must not end in a hyphen and six characters, as ARNs do`,
			},
		},
		{
			name: "a name that CloudFormation cannot make",
			give: map[string]string{"a": `
Resources:
  Api: {Type: AWS::ApiGateway::RestApi}`},
			want: []string{"dev: a/Api Properties: it has no Name"},
		},
		{
			name: "the name of a function that a transform makes",
			give: map[string]string{"a": `
Resources:
  Rotation: {Type: AWS::SecretsManager::RotationSchedule, Properties: {HostedRotationLambda: {RotationLambdaName: a function}}}`},
			want: []string{`dev: a/Rotation Properties.HostedRotationLambda.RotationLambdaName: AWS does not take the name "a function": it wants ^[a-zA-Z0-9-_]+$`},
		},
		{
			name: "one name for two, in one stack and in two",
			give: map[string]string{
				"a": `
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}
  B: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}`,
				"b": `
Resources:
  C: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}
  D: {Type: AWS::SNS::Topic, Properties: {TopicName: queue}}`,
			},
			want: []string{
				"dev: a/B: a/A has the same name: queue",
				"dev: b/C: a/B has the same name: queue",
			},
		},
		{
			name: "secrets in plain text",
			give: map[string]string{"a": `
Resources:
  Database: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: hunter2}}
  Function: {Type: AWS::Lambda::Function, Properties: {Environment: {Variables: {PAYMENTS_SECRET: hunter2, CODE_SECRET: 'arn:aws:secretsmanager:x', TIMEOUT: '1'}}}}
  Provider: {Type: AWS::Cognito::UserPoolIdentityProvider, Properties: {ProviderDetails: {client_secret: hunter2}}}
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Name: /x, Value: 'postgres://mesh:hunter2@database/info'}}`},
			want: []string{
				"dev: a/Database Properties.MasterUserPassword: it is a secret in plain text; use {{resolve:secretsmanager:…}}",
				"dev: a/Function Properties.Environment.Variables.PAYMENTS_SECRET: it holds a secret in plain text; say where the secret is",
				"dev: a/Parameter Properties.Value: it has what looks like a secret in plain text",
				"dev: a/Provider Properties.ProviderDetails.client_secret: it is a secret in plain text; use {{resolve:secretsmanager:…}}",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			templates, err := stacks.New("dev", tt.give, tt.parameters)
			if err != nil {
				t.Fatal(err)
			}
			_, err = templates.Deploy("dev")
			var got []string
			var findings stacks.Findings
			if errors.As(err, &findings) {
				for _, f := range findings {
					got = append(got, f.String())
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestValuesAreResolvedAsByCloudFormation looks at what has become of a template.
func TestValuesAreResolvedAsByCloudFormation(t *testing.T) {
	t.Parallel()
	templates, err := stacks.New("dev", map[string]string{
		"a": `
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: mesh}}
  Name: {Type: AWS::SSM::Parameter, Properties: {Name: /mesh/bus, Type: String, Value: {Ref: Bus}}}
Outputs:
  Bus: {Value: {'Fn::GetAtt': [Bus, Arn]}, Export: {Name: {'Fn::Sub': '${AWS::StackName}-bus'}}}`,
		"b": `
Parameters:
  Bus: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /mesh/bus}
  Days: {Type: Number, Default: 14}
  Origins: {Type: CommaDelimitedList, Default: 'a, b'}
Mappings: {Sizes: {dev: {memory: 256}}}
Conditions:
  Dev: {'Fn::Equals': [{Ref: 'AWS::Region'}, eu-central-1]}
  Other: {'Fn::Not': [{Condition: Dev}]}
  Both: {'Fn::And': [{Condition: Dev}, {'Fn::Not': [{'Fn::Or': [{'Fn::Equals': [{Ref: Days}, '13']}, {'Fn::Equals': [a, b]}]}]}]}
Resources:
  Rule: {Type: AWS::Events::Rule, Properties: {Name: rule, EventBusName: {Ref: Bus}}}
  Schedule: {Type: AWS::Scheduler::Schedule, Properties: {Name: schedule}}
  Grouped: {Type: AWS::Scheduler::Schedule, Properties: {Name: schedule, GroupName: {Ref: Group}}}
  Group: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: group}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}
  Logs: {Type: AWS::Logs::LogGroup}
  Other: {Type: AWS::SNS::Topic, Condition: Other}
  Custom: {Type: Custom::Schema, DependsOn: [Other], Properties: {ServiceToken: {'Fn::GetAtt': [Queue, Arn]}}}
  Topic:
    Type: AWS::SNS::Topic
    Condition: Both
    Properties:
      If: {'Fn::If': [Both, {Ref: 'AWS::NoValue'}, x]}
      List: [{Ref: 'AWS::NoValue'}, {Ref: Days}]
      Sub: {'Fn::Sub': ['${Queue} ${Queue.Arn} ${own} ${!Queue} ${AWS::AccountId} ${Days}', {own: {Ref: Logs}}]}
      Join: {'Fn::Join': ['+', {Ref: Origins}]}
      Select: {'Fn::Select': ['1', {'Fn::Split': [':', {'Fn::GetAtt': Queue.Arn}]}]}
      Import: {'Fn::ImportValue': ticketmesh-dev-a-bus}
      Map: {'Fn::FindInMap': [Sizes, dev, memory]}
      Zone: {'Fn::Select': [1, {'Fn::GetAZs': ''}]}
      Braces: {'Fn::Join': ['', ['a {{resolve:ssm:', '/mesh/bus}}']]}
      Rule: {'Fn::GetAtt': [Rule, Arn]}
      Schedule: {'Fn::GetAtt': [Schedule, Arn]}
      Grouped: {'Fn::GetAtt': [Grouped, Arn]}
      Custom: {'Fn::GetAtt': [Custom, Anything]}`,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	account, err := templates.Deploy("dev")
	if err != nil {
		t.Fatal(err)
	}
	topic, is := account.Resource("b", "Topic")
	if !is {
		t.Fatal("there is no topic")
	}
	for property, want := range map[string]any{
		"If":       nil,
		"Sub":      "https://sqs.eu-central-1.amazonaws.com/123456789012/queue arn:aws:sqs:eu-central-1:123456789012:queue ticketmesh-dev-b-Logs-PNYO7NJEJAGB ${Queue} 123456789012 14",
		"Join":     "a+b",
		"Select":   "aws",
		"Import":   "arn:aws:events:eu-central-1:123456789012:event-bus/mesh",
		"Map":      256.0,
		"Zone":     "eu-central-1b",
		"Braces":   "a mesh",
		"Rule":     "arn:aws:events:eu-central-1:123456789012:rule/mesh/rule",
		"Schedule": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/schedule",
		"Grouped":  "arn:aws:scheduler:eu-central-1:123456789012:schedule/group/schedule",
		"Custom":   "",
	} {
		if got := topic.Properties[property]; got != want {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	if list := topic.Properties["List"].([]any); len(list) != 1 || list[0] != 14.0 {
		t.Errorf("List is %v", list)
	}
	if _, is := account.Resource("b", "Other"); is {
		t.Error("there is what a condition leaves out")
	}
	if got := account.Order(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the order is %v", got)
	}
	if got := account.Parameters()["/mesh/bus"]; got != "mesh" {
		t.Errorf("/mesh/bus is %q", got)
	}
	if got := account.Outputs("a")["Bus"]; got != "arn:aws:events:eu-central-1:123456789012:event-bus/mesh" {
		t.Errorf("the output is %q", got)
	}
}
