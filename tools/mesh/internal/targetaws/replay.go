package targetaws

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ticketmesh.dev/tools/mesh/internal/target"
)

const (
	firstLook = 250 * time.Millisecond
	lastLook  = 5 * time.Second
	// maxConsumer is what a replay's name, of at most 64 characters, has room for
	// beside the time.
	maxConsumer = 44
)

// Replay implements target.Mesh: by the archive, to the rule of the consumer and
// no other. EventBridge does not say how many events that were. When ctx ends
// before it is done, the replay goes on.
func (m *Mesh) Replay(ctx context.Context, consumer string, from, to time.Time) (target.Replay, error) {
	bus, err := m.value(ctx, "bus-name")
	if err != nil {
		return target.Replay{}, err
	}
	archive, err := m.value(ctx, "archive-arn")
	if err != nil {
		return target.Replay{}, err
	}
	rule, err := m.bridge.DescribeRule(ctx, &eventbridge.DescribeRuleInput{EventBusName: &bus, Name: aws.String("ticketmesh-" + m.stage + "-" + consumer)})
	if missing := (*types.ResourceNotFoundException)(nil); errors.As(err, &missing) {
		return target.Replay{}, fmt.Errorf("%w: %s", target.ErrUnknownConsumer, consumer)
	}
	if err != nil {
		return target.Replay{}, fmt.Errorf("find the rule of %s: %w", consumer, err)
	}
	described, err := m.bridge.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &bus})
	if err != nil {
		return target.Replay{}, fmt.Errorf("find the bus %s: %w", bus, err)
	}
	name := consumer[:min(len(consumer), maxConsumer)] + "-" + time.Now().UTC().Format("20060102T150405.000")
	_, err = m.bridge.StartReplay(ctx, &eventbridge.StartReplayInput{
		ReplayName:     &name,
		EventSourceArn: &archive,
		EventStartTime: &from,
		EventEndTime:   &to,
		Destination:    &types.ReplayDestination{Arn: described.Arn, FilterArns: []string{*rule.Arn}},
	})
	if err != nil {
		return target.Replay{}, fmt.Errorf("start the replay: %w", err)
	}
	return target.Replay{Name: name}, m.completed(ctx, name)
}

// completed waits for the end of a replay.
func (m *Mesh) completed(ctx context.Context, name string) error {
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		replay, err := m.bridge.DescribeReplay(ctx, &eventbridge.DescribeReplayInput{ReplayName: &name})
		if err != nil {
			return fmt.Errorf("the replay %s goes on, but cannot be looked at: %w", name, err)
		}
		switch replay.State {
		case types.ReplayStateCompleted:
			return nil
		case types.ReplayStateFailed, types.ReplayStateCancelled, types.ReplayStateCancelling:
			return fmt.Errorf("the replay %s is %s: %s", name, replay.State, aws.ToString(replay.StateReason))
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("the replay %s goes on: %w", name, ctx.Err())
		}
	}
}
