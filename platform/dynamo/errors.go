package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// ErrBusy reports a unit of work that others were faster than, or that DynamoDB
// throttled, until its time was up. Nothing was written; it may be repeated.
var ErrBusy = errors.New("table is busy")

// ErrInDoubt reports a unit of work whose commit was sent and not answered: it may
// have been written, whole, or not at all. Whoever repeats it has to look first.
var ErrInDoubt = errors.New("nobody knows whether it was written")

// ConditionError reports a condition of the caller's own that did not hold. The
// unit wrote nothing.
type ConditionError struct{ Key Key }

// Error implements error.
func (e *ConditionError) Error() string {
	return fmt.Sprintf("condition on item %q %q does not hold", e.Key.PK, e.Key.SK)
}

// What one unit may write, by DynamoDB's limits.
const (
	MaxActions   = 100
	MaxBytes     = 4 << 20
	MaxItemBytes = 400 << 10
)

// LimitError reports a unit that is larger than DynamoDB takes. It was not sent,
// and repeating it does not help.
type LimitError struct {
	Actions int // items written or checked
	Bytes   int // of all items, or of Item
	Item    Key // the item that is too large; zero when the unit is
}

// Error implements error.
func (e *LimitError) Error() string {
	if e.Item != (Key{}) {
		return fmt.Sprintf("item %q %q has %d bytes, more than %d", e.Item.PK, e.Item.SK, e.Bytes, MaxItemBytes)
	}
	return fmt.Sprintf("unit of work of %d items and %d bytes, more than %d or %d", e.Actions, e.Bytes, MaxActions, MaxBytes)
}

// verdict is what an error of DynamoDB means for a unit of work.
type verdict int

const (
	final     verdict = iota // nothing that trying again could change
	repeat                   // a conflict or a throttle: send the same again
	outdated                 // something was changed since it was read: run the function again
	refused                  // a condition of the caller's does not hold
	committed                // an earlier attempt, whose answer was lost, did it
	lost                     // nobody knows what became of it
)

// Codes of cancellation reasons. All others are mistakes of the request.
const (
	reasonNone      = "None"
	reasonCondition = "ConditionalCheckFailed"
)

// retryable are the codes, of requests and of cancellation reasons, that are
// about the moment.
func retryable(code string) bool {
	switch code {
	case "TransactionConflict", "TransactionConflictException", "TransactionInProgressException", "ThrottlingError", "ThrottlingException",
		"ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException", "RequestLimitExceeded":
		return true
	}
	return false
}

// judge says what the answer to a commit means, and of a refused one the action
// at fault.
func (c *commit) judge(err error) (verdict, int) {
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return c.judgeReasons(cancelled.CancellationReasons)
	}
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return c.failed(0, failed.Item), 0
	}
	var fault smithy.APIError
	switch {
	case errors.As(err, &fault) && retryable(fault.ErrorCode()):
		return repeat, 0
	case transient.IsErrorRetryable(err) == aws.TrueTernary:
		return lost, 0
	}
	return final, 0
}

// transient are the SDK's rules for failures of connections and of the service.
var transient = retry.IsErrorRetryables(retry.DefaultRetryables)

// judgeReasons reads the reasons, which stand in the order of the actions. What
// is final counts most, then what was changed meanwhile: the function may decide
// otherwise on what is there now. A condition of the caller's that does not hold
// counts more than a conflict elsewhere.
func (c *commit) judgeReasons(reasons []types.CancellationReason) (verdict, int) {
	worst, at := final, 0
	rank := map[verdict]int{repeat: 1, refused: 2, outdated: 3, final: 4, committed: 5}
	seen := 0
	for i, reason := range reasons {
		var v verdict
		switch code := aws.ToString(reason.Code); {
		case code == reasonNone:
			continue
		case code == reasonCondition && i < len(c.actions):
			v = c.failed(i, reason.Item)
		case retryable(code):
			v = repeat
		default:
			v = final
		}
		if rank[v] > seen {
			worst, at, seen = v, i, rank[v]
		}
	}
	return worst, at
}

// failed judges the failed condition of an action by what DynamoDB found there.
func (c *commit) failed(action int, found attributes) verdict {
	if sameToken(found[attrCommit], c.token) {
		return committed
	}
	if c.actions[action].own {
		return refused
	}
	return outdated
}
