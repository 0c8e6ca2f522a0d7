// Package dynamotest gives tests a table as a service's template declares it, at
// an emulator of DynamoDB, and makes up for what the emulator lacks. It is for
// tests alone.
package dynamotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.yaml.in/yaml/v3"
)

// Declared reads the one AWS::DynamoDB::Table of a template: its keys, indexes,
// billing and stream. It refuses a table that package dynamo could not use.
func Declared(template string) (*dynamodb.CreateTableInput, error) {
	source, err := os.ReadFile(template)
	if err != nil {
		return nil, err
	}
	declared, err := declared(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", template, err)
	}
	return declared, nil
}

// properties are those of a table that an emulator has. The SDK's types have the
// template's names; what CloudFormation's functions compute is in none of these.
type properties struct {
	AttributeDefinitions    []types.AttributeDefinition
	KeySchema               []types.KeySchemaElement
	GlobalSecondaryIndexes  []types.GlobalSecondaryIndex
	BillingMode             types.BillingMode
	StreamSpecification     types.StreamSpecification
	TimeToLiveSpecification types.TimeToLiveSpecification
}

func declared(source []byte) (*dynamodb.CreateTableInput, error) {
	var template struct {
		Resources map[string]struct {
			Type       string         `yaml:"Type"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(source, &template); err != nil {
		return nil, err
	}
	var found []map[string]any
	for _, resource := range template.Resources {
		if resource.Type == "AWS::DynamoDB::Table" {
			found = append(found, resource.Properties)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d tables, want one", len(found))
	}
	encoded, err := json.Marshal(found[0])
	if err != nil {
		return nil, err
	}
	var p properties
	if err := json.Unmarshal(encoded, &p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.StreamSpecification.StreamEnabled = aws.Bool(true)
	return &dynamodb.CreateTableInput{
		AttributeDefinitions: p.AttributeDefinitions, KeySchema: p.KeySchema, GlobalSecondaryIndexes: p.GlobalSecondaryIndexes,
		BillingMode: p.BillingMode, StreamSpecification: &p.StreamSpecification,
	}, nil
}

func (p properties) check() error {
	var wrong []error
	key := func(element types.KeySchemaElement, name string, kind types.KeyType) bool {
		return aws.ToString(element.AttributeName) == name && element.KeyType == kind
	}
	if len(p.KeySchema) != 2 || !key(p.KeySchema[0], "pk", types.KeyTypeHash) || !key(p.KeySchema[1], "sk", types.KeyTypeRange) {
		wrong = append(wrong, errors.New("the keys are not pk and sk"))
	}
	for _, attribute := range p.AttributeDefinitions {
		if attribute.AttributeType != types.ScalarAttributeTypeS {
			wrong = append(wrong, fmt.Errorf("attribute %s is no string", aws.ToString(attribute.AttributeName)))
		}
	}
	if p.BillingMode != types.BillingModePayPerRequest {
		wrong = append(wrong, fmt.Errorf("billing mode %q", p.BillingMode))
	}
	images := []types.StreamViewType{types.StreamViewTypeNewImage, types.StreamViewTypeNewAndOldImages}
	if !slices.Contains(images, p.StreamSpecification.StreamViewType) {
		wrong = append(wrong, errors.New("no stream of new images, which events leave by"))
	}
	if ttl := p.TimeToLiveSpecification; aws.ToString(ttl.AttributeName) != "ttl" || !aws.ToBool(ttl.Enabled) {
		wrong = append(wrong, errors.New("the attribute ttl is not the time to live"))
	}
	return errors.Join(wrong...)
}
