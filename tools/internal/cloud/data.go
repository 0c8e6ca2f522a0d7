package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"

	"ticketmesh.dev/tools/internal/stacks"
)

// makeData makes what keeps data: tables, buckets, secrets, and the cache's
// and the database's addresses.
func (c *Cloud) makeData(ctx context.Context) error {
	for _, step := range []func(context.Context) error{c.makeTables, c.makeBuckets, c.makeSecrets, c.makeMail} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, r := range c.resources("AWS::ElastiCache::ServerlessCache") {
		c.cache = r.Attributes["Endpoint.Address"] + ":" + r.Attributes["Endpoint.Port"]
	}
	return nil
}

// tableProperties are those that DynamoDB has by the same names.
var tableProperties = []string{"TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"}

func (c *Cloud) makeTables(ctx context.Context) error {
	for _, r := range c.resources("AWS::DynamoDB::Table") {
		if err := c.makeTable(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cloud) makeTable(ctx context.Context, r stacks.Resource) error {
	in := map[string]any{}
	for _, name := range tableProperties {
		if value, ok := r.Properties[name]; ok {
			in[name] = value
		}
	}
	if stream, ok := r.Properties["StreamSpecification"].(map[string]any); ok {
		in["StreamSpecification"] = map[string]any{"StreamEnabled": true, "StreamViewType": stream["StreamViewType"]}
	}
	return c.emulator.call(ctx, "DynamoDB_20120810.CreateTable", in, nil)
}

func (c *Cloud) makeBuckets(ctx context.Context) error {
	for _, r := range c.resources("AWS::S3::Bucket") {
		if r.Region != stacks.Region {
			continue
		}
		in := []byte(`<CreateBucketConfiguration><LocationConstraint>` + r.Region + `</LocationConstraint></CreateBucketConfiguration>`)
		if err := c.emulator.send(ctx, "s3", http.MethodPut, "/"+r.PhysicalID, http.Header{"Content-Type": {"application/xml"}}, in, nil); err != nil {
			return err
		}
	}
	return nil
}

// secret is a secret of the account.
type secret struct {
	name string
	arn  string // the template's; the emulator has another
	key  string // of the customer, or nothing
}

func (c *Cloud) makeSecrets(ctx context.Context) error {
	for _, r := range c.resources("AWS::SecretsManager::Secret") {
		var p struct {
			KmsKeyId             string
			SecretString         string
			GenerateSecretString map[string]any
		}
		if err := reread(r.Properties, &p); err != nil {
			return err
		}
		value := p.SecretString
		if p.GenerateSecretString != nil {
			var err error
			if value, err = c.generate(ctx, r.PhysicalID, p.GenerateSecretString); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
		if err := c.emulator.call(ctx, "secretsmanager.CreateSecret", map[string]any{"Name": r.Name, "SecretString": value}, nil); err != nil {
			return err
		}
		made := secret{name: r.Name, arn: r.PhysicalID}
		if p.KmsKeyId != "" {
			made.key = arn("kms", "key/"+lastOf(p.KmsKeyId, "/"))
		}
		c.secrets[made.arn] = made
	}
	return nil
}

// generate makes what a secret holds: a password, or an object that has one.
func (c *Cloud) generate(ctx context.Context, secret string, how map[string]any) (string, error) {
	template, _ := how["SecretStringTemplate"].(string)
	key, _ := how["GenerateStringKey"].(string)
	in := maps.Clone(how)
	delete(in, "SecretStringTemplate")
	delete(in, "GenerateStringKey")
	var made struct{ RandomPassword string }
	if err := c.emulator.call(ctx, "secretsmanager.GetRandomPassword", in, &made); err != nil || key == "" {
		return made.RandomPassword, err
	}
	members := map[string]any{}
	if err := json.Unmarshal([]byte(template), &members); err != nil {
		return "", err
	}
	members[key] = made.RandomPassword
	if err := c.attach(secret, members); err != nil {
		return "", err
	}
	text, err := json.Marshal(members)
	return string(text), err
}

// attach says in a secret where its database is, as Secrets Manager does.
func (c *Cloud) attach(secret string, members map[string]any) error {
	for _, r := range c.resources("AWS::SecretsManager::SecretTargetAttachment") {
		if r.Properties["SecretId"] != secret {
			continue
		}
		at, err := url.Parse(c.config.PostgreSQL)
		if err != nil {
			return err
		}
		host, port, err := net.SplitHostPort(at.Host)
		if err != nil {
			return err
		}
		members["host"], members["port"], members["dbname"], members["username"] = host, json.Number(port), strings.Trim(at.Path, "/"), at.User.Username()
	}
	return nil
}

// makeParameters makes what stacks tell each other, once it is known where the APIs are.
func (c *Cloud) makeParameters(ctx context.Context) error {
	for name, value := range c.config.Account.Parameters() {
		if err := c.emulator.call(ctx, "AmazonSSM.PutParameter", map[string]any{"Name": name, "Value": c.here(value), "Type": "String"}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cloud) makeMail(ctx context.Context) error {
	for _, r := range c.resources("AWS::SES::ConfigurationSet") {
		if err := c.emulator.rest(ctx, "ses", http.MethodPost, "/v2/email/configuration-sets", map[string]any{"ConfigurationSetName": r.PhysicalID}); err != nil {
			return err
		}
	}
	for _, r := range c.resources("AWS::SES::EmailIdentity") {
		if err := c.emulator.rest(ctx, "ses", http.MethodPost, "/v2/email/identities", map[string]any{"EmailIdentity": r.PhysicalID}); err != nil {
			return err
		}
	}
	return nil
}

// reread puts decoded JSON into a type.
func reread(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// plain is a value as AWS's APIs take it where they take text.
func plain(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, _ := json.Marshal(value) // it was JSON before
	return string(text)
}
