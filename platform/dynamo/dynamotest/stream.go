package dynamotest

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"ticketmesh.dev/platform/dynamo/envelope"
	"ticketmesh.dev/platform/event"
)

// Records returns what the table's stream has, from its beginning on. It is read
// anew every time: after a cancelled transaction moto's iterators point into a
// stream that is not the table's any more.
func (t *Table) Records(ctx context.Context) ([]types.Record, error) {
	described, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
	if err != nil {
		return nil, err
	}
	client := dynamodbstreams.NewFromConfig(t.Config())
	stream, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: described.Table.LatestStreamArn})
	if err != nil {
		return nil, err
	}
	var records []types.Record
	for _, shard := range stream.StreamDescription.Shards {
		begin, err := client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
			StreamArn: described.Table.LatestStreamArn, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			return nil, err
		}
		for iterator := begin.ShardIterator; iterator != nil; {
			out, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1000)})
			if err != nil {
				return nil, err
			}
			if len(out.Records) == 0 {
				break
			}
			records = append(records, out.Records...)
			iterator = out.NextShardIterator
		}
	}
	return records, nil
}

// Events returns the events that left by the stream, oldest first, as a relay
// reads them.
func (t *Table) Events(ctx context.Context) ([]event.Event, error) {
	records, err := t.Records(ctx)
	if err != nil {
		return nil, err
	}
	var events []event.Event
	for _, record := range records {
		outbox, has := record.Dynamodb.NewImage["outbox"]
		if !has {
			continue
		}
		packed, ok := outbox.(*types.AttributeValueMemberB)
		if !ok {
			return nil, errors.New("the outbox is not binary")
		}
		encoded, err := envelope.Unpack(packed.Value)
		if err != nil {
			return nil, err
		}
		for _, each := range encoded {
			e, err := event.ParseCloudEvent(each)
			if err != nil {
				return nil, err
			}
			events = append(events, e)
		}
	}
	return events, nil
}
