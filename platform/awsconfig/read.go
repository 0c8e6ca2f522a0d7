package awsconfig

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func readSecret(ctx context.Context, c aws.Config, id string) (string, error) {
	t := target{sdkID: "Secrets Manager", host: "secretsmanager", operation: "secretsmanager.GetSecretValue"}
	in := map[string]string{"SecretId": id}
	var out struct {
		SecretString *string
		SecretBinary []byte
	}
	if err := t.call(ctx, c, in, &out); err != nil {
		return "", err
	}
	if out.SecretString != nil {
		return *out.SecretString, nil
	}
	return string(out.SecretBinary), nil
}

func readParameter(ctx context.Context, c aws.Config, name string) (string, error) {
	t := target{sdkID: "SSM", host: "ssm", operation: "AmazonSSM.GetParameter"}
	in := struct {
		Name           string
		WithDecryption bool
	}{name, true}
	var out struct{ Parameter struct{ Value string } }
	if err := t.call(ctx, c, in, &out); err != nil {
		return "", err
	}
	return out.Parameter.Value, nil
}
