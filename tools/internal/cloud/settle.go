package cloud

import (
	"context"
)

// Settle does what AWS does in the background until nothing is left to do. It returns at
// the first problem.
func (c *Cloud) Settle(ctx context.Context) error {
	for {
		moved, err := c.round(ctx)
		if err != nil || c.troubled() {
			return c.join(err)
		}
		if !moved {
			return nil
		}
	}
}

// Endure is Settle for when things fail: what has failed is tried again, as often as the
// templates say, as soon as there is nothing else to do. The problems are left to the
// caller.
func (c *Cloud) Endure(ctx context.Context) error {
	for {
		moved, err := c.round(ctx)
		if err != nil {
			return err
		}
		if moved {
			continue
		}
		for _, s := range c.sources {
			again, err := s.from.again(ctx)
			if err != nil {
				return err
			}
			moved = moved || again
		}
		if !moved {
			return nil
		}
	}
}

// round has each mapping pass on one batch.
func (c *Cloud) round(ctx context.Context) (moved bool, err error) {
	for _, s := range c.sources {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		passed, err := s.pass(ctx)
		if err != nil {
			return false, err
		}
		moved = moved || passed
	}
	return moved, nil
}

func (c *Cloud) join(err error) error {
	if problems := c.Problems(); problems != nil {
		return problems
	}
	return err
}

// Reset drops what is in the tables, what is on its way, and the problems.
func (c *Cloud) Reset(ctx context.Context) error {
	c.mu.Lock()
	written, sent := c.writes, c.sent
	c.writes, c.sent = map[string]int{}, false
	c.mu.Unlock()
	for _, r := range c.resources("AWS::DynamoDB::Table") {
		if written[r.PhysicalID] == 0 {
			continue
		}
		if err := c.emulator.call(ctx, "DynamoDB_20120810.DeleteTable", map[string]any{"TableName": r.PhysicalID}, nil); err != nil {
			return err
		}
		if err := c.makeTable(ctx, r); err != nil {
			return err
		}
	}
	for _, s := range c.sources {
		if err := s.from.reset(ctx); err != nil {
			return err
		}
	}
	for _, q := range c.queues {
		if !sent {
			break
		}
		q.filled.Store(false)
		if err := c.emulator.call(ctx, "AmazonSQS.PurgeQueue", map[string]any{"QueueUrl": q.url}, nil); err != nil {
			return err
		}
	}
	_ = c.Problems()
	return nil
}
