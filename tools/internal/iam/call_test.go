package iam_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/iam"
)

func TestRequestsAreWhatIAMCallsThem(t *testing.T) {
	t.Parallel()
	account := iam.Account{ID: "123456789012", Region: "eu-central-1", Secret: func(id string) (arn, key string) {
		return "arn:aws:secretsmanager:eu-central-1:123456789012:secret:" + id + "-AbCdEf", "arn:aws:kms:eu-central-1:123456789012:key/k"
	}}
	for _, tt := range []struct {
		name, method, path, service, target, body string
		want                                      []string
	}{
		{"read an item", "POST", "/", "dynamodb", "DynamoDB_20120810.GetItem", `{"TableName": "t"}`, []string{"dynamodb:GetItem on arn:aws:dynamodb:eu-central-1:123456789012:table/t"}},
		{"ask an index", "POST", "/", "dynamodb", "DynamoDB_20120810.Query", `{"TableName": "t", "IndexName": "i"}`, []string{"dynamodb:Query on arn:aws:dynamodb:eu-central-1:123456789012:table/t/index/i"}},
		{"a batch", "POST", "/", "dynamodb", "DynamoDB_20120810.BatchGetItem", `{"RequestItems": {"t": {"Keys": []}}}`, []string{"dynamodb:BatchGetItem on arn:aws:dynamodb:eu-central-1:123456789012:table/t"}},
		{
			"a transaction", "POST", "/", "dynamodb", "DynamoDB_20120810.TransactWriteItems",
			`{"TransactItems": [{"Put": {"TableName": "t", "Item": {}}}, {"ConditionCheck": {"TableName": "u"}}]}`,
			[]string{"dynamodb:PutItem on arn:aws:dynamodb:eu-central-1:123456789012:table/t", "dynamodb:ConditionCheckItem on arn:aws:dynamodb:eu-central-1:123456789012:table/u"},
		},
		{"send messages", "POST", "/", "sqs", "AmazonSQS.SendMessageBatch", `{"QueueUrl": "http://localhost/123456789012/q"}`, []string{"sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:q"}},
		{"find a queue", "POST", "/", "sqs", "AmazonSQS.GetQueueUrl", `{"QueueName": "q"}`, []string{"sqs:GetQueueUrl on arn:aws:sqs:eu-central-1:123456789012:q"}},
		{"publish", "POST", "/", "events", "AWSEvents.PutEvents", `{"Entries": [{"EventBusName": "b", "Source": "s"}]}`, []string{"events:PutEvents on arn:aws:events:eu-central-1:123456789012:event-bus/b"}},
		{"read a secret", "POST", "/", "secretsmanager", "secretsmanager.GetSecretValue", `{"SecretId": "s"}`, []string{"secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:123456789012:secret:s-AbCdEf", "kms:Decrypt on arn:aws:kms:eu-central-1:123456789012:key/k"}},
		{"read a parameter", "POST", "/", "ssm", "AmazonSSM.GetParameter", `{"Name": "/p"}`, []string{"ssm:GetParameter on arn:aws:ssm:eu-central-1:123456789012:parameter/p"}},
		{"read a file", "GET", "/bucket/a/b", "s3", "", "", []string{"s3:GetObject on arn:aws:s3:::bucket/a/b"}},
		{"look for a bucket", "HEAD", "/bucket", "s3", "", "", []string{"s3:ListBucket on arn:aws:s3:::bucket"}},
		{
			"send a mail", "POST", "/v2/email/outbound-emails", "ses", "", `{"FromEmailAddress": "T <t@example.com>", "ConfigurationSetName": "c", "Content": {"Raw": {"Data": "eA=="}}}`,
			[]string{
				"ses:SendEmail on arn:aws:ses:eu-central-1:123456789012:identity/example.com", "ses:SendEmail on arn:aws:ses:eu-central-1:123456789012:configuration-set/c",
				"ses:SendRawEmail on arn:aws:ses:eu-central-1:123456789012:identity/example.com", "ses:SendRawEmail on arn:aws:ses:eu-central-1:123456789012:configuration-set/c",
			},
		},
		{
			"send a mail that says from whom", "POST", "/v2/email/outbound-emails", "ses", "", `{"Content": {"Raw": {"Data": "RnJvbTogVCA8dEBleGFtcGxlLm9yZz4NCg0KeA=="}}}`,
			[]string{"ses:SendEmail on arn:aws:ses:eu-central-1:123456789012:identity/example.org", "ses:SendRawEmail on arn:aws:ses:eu-central-1:123456789012:identity/example.org"},
		},
		{"an operation that is not known", "POST", "/", "dynamodb", "DynamoDB_20120810.ExecuteStatement", `{}`, nil},
		{"a service that is not known", "POST", "/", "kinesis", "Kinesis_20131202.PutRecord", `{}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=KEY/20261125/eu-central-1/"+tt.service+"/aws4_request, SignedHeaders=host, Signature=00")
			r.Header.Set("X-Amz-Target", tt.target)
			call, err := account.Read(r, []byte(tt.body))
			if (err == nil) != (tt.want != nil) {
				t.Fatalf("%+v, %v", call, err)
			}
			var got []string
			for _, need := range call.Needs {
				got = append(got, need.String())
			}
			if !slices.Equal(got, tt.want) || call.AccessKey != "KEY" {
				t.Errorf("%s needs %q, want %q", call.AccessKey, got, tt.want)
			}
		})
	}
	presigned := httptest.NewRequest("PUT", "/bucket/key?X-Amz-Credential=KEY%2F20261125%2Feu-central-1%2Fs3%2Faws4_request", nil)
	if call, err := account.Read(presigned, nil); err != nil || call.AccessKey != "KEY" || call.Operation != "PutObject" {
		t.Errorf("a presigned request: %+v, %v", call, err)
	}
	if call, err := account.Read(httptest.NewRequest("GET", "/bucket/key", nil), nil); err == nil {
		t.Errorf("unsigned: %+v", call)
	}
}
