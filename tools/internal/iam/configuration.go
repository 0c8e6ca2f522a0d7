package iam

func (a Account) secrets(operation string, body []byte) ([]Request, error) {
	in, err := decode[struct{ SecretId string }](body)
	if err != nil {
		return nil, err
	}
	arn, key := a.Secret(in.SecretId)
	needs := []Request{{Action: "secretsmanager:" + operation, Resource: arn}}
	if key != "" && operation == "GetSecretValue" {
		// Secrets Manager decrypts in the name of who asks.
		needs = append(needs, Request{Action: "kms:Decrypt", Resource: key, Context: map[string]string{"kms:viaservice": "secretsmanager." + a.Region + ".amazonaws.com"}})
	}
	return needs, nil
}

func (a Account) parameters(operation string, body []byte) (needs []Request, err error) {
	in, err := decode[struct {
		Name, Path string
		Names      []string
	}](body)
	names := in.Names
	if in.Name+in.Path != "" {
		names = append(names, in.Name+in.Path)
	}
	for _, name := range names {
		needs = append(needs, Request{Action: "ssm:" + operation, Resource: a.arn("ssm", "parameter"+name)})
	}
	return needs, err
}
