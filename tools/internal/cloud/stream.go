package cloud

import (
	"context"
	"fmt"
	"slices"

	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/stacks"
)

// stream is a table's stream as a mapping reads it.
type stream struct {
	cloud   *Cloud
	table   string
	arn     string // the template's
	real    string // the emulator's
	shard   string
	last    string // sequence number up to which all is read
	seen    int    // writes of the table up to which all is read
	waiting []record
	// attempts are those of the records that wait, which hold up those behind them.
	attempts int
	held     bool // they have just failed
}

// record is a change as a function gets it.
type record struct {
	sequence string
	value    map[string]any
}

func (c *Cloud) newStream(ctx context.Context, table, arn string) (*stream, error) {
	s := &stream{cloud: c, table: table, arn: arn}
	return s, s.open(ctx)
}

// open finds the stream of the table as it is now, which is read from its beginning on.
func (s *stream) open(ctx context.Context) error {
	var out struct {
		Table struct{ LatestStreamArn string }
	}
	if err := s.cloud.emulator.call(ctx, "DynamoDB_20120810.DescribeTable", map[string]any{"TableName": s.table}, &out); err != nil {
		return err
	}
	var described struct {
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	if err := s.cloud.emulator.call(ctx, "DynamoDBStreams_20120810.DescribeStream", map[string]any{"StreamArn": out.Table.LatestStreamArn}, &described); err != nil {
		return err
	}
	if len(described.StreamDescription.Shards) != 1 {
		return fmt.Errorf("the stream of %s has %d shards", s.table, len(described.StreamDescription.Shards))
	}
	*s = stream{cloud: s.cloud, table: s.table, arn: s.arn, real: out.Table.LatestStreamArn, shard: described.StreamDescription.Shards[0].ShardId}
	return nil
}

func (s *stream) needs() []iam.Request {
	var needs []iam.Request
	for _, action := range []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"} {
		needs = append(needs, iam.Request{Action: action, Resource: s.arn})
	}
	return needs
}

// read reads what comes after the last record. Iterators are not kept: moto's point into
// a copy after a transaction was cancelled.
func (s *stream) read(ctx context.Context, limit int) ([]record, error) {
	c := s.cloud
	c.lock.RLock()
	defer c.lock.RUnlock()
	from := map[string]any{"StreamArn": s.real, "ShardId": s.shard, "ShardIteratorType": "TRIM_HORIZON"}
	if s.last != "" {
		from["ShardIteratorType"], from["SequenceNumber"] = "AFTER_SEQUENCE_NUMBER", s.last
	}
	var iterator struct{ ShardIterator string }
	if err := c.emulator.call(ctx, "DynamoDBStreams_20120810.GetShardIterator", from, &iterator); err != nil {
		return nil, err
	}
	var out struct{ Records []map[string]any }
	if err := c.emulator.call(ctx, "DynamoDBStreams_20120810.GetRecords", map[string]any{"ShardIterator": iterator.ShardIterator, "Limit": limit}, &out); err != nil {
		return nil, err
	}
	var found []record
	for _, value := range out.Records {
		change, _ := value["dynamodb"].(map[string]any)
		sequence, _ := change["SequenceNumber"].(string)
		value["eventSourceARN"], value["awsRegion"], value["eventSource"] = s.arn, stacks.Region, "aws:dynamodb"
		found = append(found, record{sequence, value})
	}
	return found, nil
}

func (s *stream) pass(ctx context.Context, m *source) (bool, error) {
	if s.held {
		return false, nil
	}
	if len(s.waiting) == 0 {
		writes := s.cloud.written(s.table)
		if writes == s.seen {
			return false, nil
		}
		found, err := s.read(ctx, m.batch)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			s.seen = writes
			return false, nil
		}
		s.last = found[len(found)-1].sequence
		for _, r := range found {
			if m.meant(r.value) {
				s.waiting = append(s.waiting, r)
			}
		}
		if len(s.waiting) == 0 {
			return true, nil
		}
	}
	return true, s.take(ctx, m)
}

// take has the function take what waits. All from the lowest that fails on is tried
// again, half of it first where the mapping bisects, until the attempts are used up.
func (s *stream) take(ctx context.Context, m *source) error {
	values := make([]map[string]any, len(s.waiting))
	for i, r := range s.waiting {
		values[i] = r.value
	}
	failed, all := m.invoke(ctx, values)
	lowest := len(s.waiting)
	for i, r := range s.waiting {
		if slices.Contains(failed, r.sequence) {
			lowest = min(lowest, i)
		}
	}
	if all || len(failed) > 0 && lowest == len(s.waiting) {
		lowest = 0
	}
	if lowest > 0 {
		s.attempts = 0
	}
	s.waiting = s.waiting[lowest:]
	if len(s.waiting) == 0 {
		return nil
	}
	s.attempts++
	s.held = true
	if m.retries < 0 || s.attempts <= m.retries {
		return nil
	}
	given := s.waiting
	if m.bisect {
		given = s.waiting[:1]
	}
	s.waiting, s.attempts, s.held = s.waiting[len(given):], 0, false
	if m.destination == "" {
		return nil
	}
	return s.cloud.dispatch(ctx, m.function, m.destination, map[string]any{
		"requestContext":     map[string]any{"functionArn": m.target, "condition": "RetryAttemptsExhausted", "approximateInvokeCount": m.retries + 1},
		"DDBStreamBatchInfo": map[string]any{"streamArn": s.arn, "startSequenceNumber": given[0].sequence, "endSequenceNumber": given[len(given)-1].sequence, "batchSize": len(given)},
	})
}

func (s *stream) again(context.Context) (bool, error) {
	held := s.held
	s.held = false
	return held, nil
}

// reset begins with the table anew, which is another one when it was written to.
func (s *stream) reset(ctx context.Context) error {
	if s.last == "" && s.seen == 0 && s.waiting == nil {
		return nil
	}
	return s.open(ctx)
}

// written is how often a table may have been written to.
func (c *Cloud) written(table string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes[table]
}
