package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/event"
)

// looking is how long dead letters stay hidden from others while they are looked
// at, should the one who looks die.
const looking = 5 * time.Minute

var (
	// ErrUnknownQueue: there is no queue by this name.
	ErrUnknownQueue = errors.New("unknown queue")
	// ErrNoDeadLetter: the queue has no dead letter with this id.
	ErrNoDeadLetter = errors.New("no such dead letter")
)

// Admin looks into queues and moves dead letters back. Two of them at the same
// time may miss letters that the other has in hand, and lose none.
type Admin struct {
	client  SubscriberClient
	prefix  string
	letters *letters
}

// NewAdmin returns an admin of the queues whose names begin with prefix, which is
// left out of the names given to its methods.
func NewAdmin(client SubscriberClient, prefix string) *Admin {
	return &Admin{client: client, prefix: prefix, letters: newLetters(client)}
}

// QueueInfo is the state of a queue. SQS counts approximately.
type QueueInfo struct {
	Name     string
	Depth    int // waiting, also for a retry that has begun its rest
	InFlight int // received, or resting after a failure
	Dead     int
}

// DeadLetter is a message that a consumer could not handle, or that EventBridge
// could not deliver to it.
type DeadLetter struct {
	ID            string // the event's; SQS's when it is unreadable
	Queue         string
	Type, Subject string // empty when it is unreadable
	Reason        string
	Receives      int       // 0 when not known
	FirstAt       time.Time // of the first receive; zero when not known
	DeadAt        time.Time // zero when not known
	Envelope      []byte

	message types.Message
}

// Queue returns the state of one queue. ErrUnknownQueue when there is none.
func (a *Admin) Queue(ctx context.Context, name string) (QueueInfo, error) {
	q, err := a.find(ctx, name)
	if err != nil {
		return QueueInfo{}, err
	}
	info := QueueInfo{Name: name}
	if info.Depth, info.InFlight, err = a.depth(ctx, q.url); err != nil {
		return QueueInfo{}, err
	}
	if q.deadURL == "" {
		return info, nil
	}
	visible, hidden, err := a.depth(ctx, q.deadURL)
	info.Dead = visible + hidden
	return info, err
}

// DeadLetters returns a queue's dead letters, oldest first. They are received,
// which is the only way to see them, and given back, so that they stay where they
// are; in between, and for five minutes should that fail, others do not see them.
// ErrUnknownQueue when there is no such queue.
func (a *Admin) DeadLetters(ctx context.Context, name string) ([]DeadLetter, error) {
	q, err := a.find(ctx, name)
	if err != nil {
		return nil, err
	}
	found, err := a.collect(ctx, q)
	return found, errors.Join(err, a.giveBack(ctx, q, found))
}

// Redrive sends dead letters to their queue, as if they had never been received,
// and reports how many: those with the given ids, or all. When one of the ids is
// not there it moves none and fails with ErrNoDeadLetter. A letter is deleted once
// it is sent, so a failure in between delivers it twice and never loses it.
func (a *Admin) Redrive(ctx context.Context, name string, ids ...string) (n int, err error) {
	q, err := a.find(ctx, name)
	if err != nil {
		return 0, err
	}
	found, err := a.collect(ctx, q)
	chosen, rest := found, []DeadLetter(nil)
	if err == nil && len(ids) > 0 {
		chosen, rest, err = choose(found, name, ids)
	}
	if err != nil {
		return 0, errors.Join(err, a.giveBack(ctx, q, found))
	}
	for i, l := range chosen {
		if err := a.move(ctx, q, l); err != nil {
			return i, errors.Join(fmt.Errorf("%d of %d are redriven: %w", i, len(chosen), err), a.giveBack(ctx, q, append(rest, chosen[i:]...)))
		}
	}
	return len(chosen), a.giveBack(ctx, q, rest)
}

// choose parts the letters that are named from the others.
func choose(found []DeadLetter, name string, ids []string) (chosen, rest []DeadLetter, err error) {
	known := make(map[string]bool)
	for _, l := range found {
		if slices.Contains(ids, l.ID) {
			known[l.ID] = true
			chosen = append(chosen, l)
		} else {
			rest = append(rest, l)
		}
	}
	for _, id := range ids {
		if !known[id] {
			return nil, nil, fmt.Errorf("%w: %s in %s", ErrNoDeadLetter, id, name)
		}
	}
	return chosen, rest, nil
}

// source is a queue and where its dead letters are.
type source struct {
	name, url string
	policy
}

func (a *Admin) find(ctx context.Context, name string) (source, error) {
	found, err := a.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(a.prefix + name)})
	if missing := (*types.QueueDoesNotExist)(nil); errors.As(err, &missing) {
		return source{}, fmt.Errorf("%w: %s", ErrUnknownQueue, name)
	}
	if err != nil {
		return source{}, fmt.Errorf("find the queue %s: %w", name, err)
	}
	p, err := a.letters.policy(ctx, *found.QueueUrl)
	if err != nil {
		return source{}, fmt.Errorf("read the redrive policy of %s: %w", name, err)
	}
	return source{name, *found.QueueUrl, p}, nil
}

func (a *Admin) depth(ctx context.Context, url string) (visible, hidden int, err error) {
	const (
		waiting  = types.QueueAttributeNameApproximateNumberOfMessages
		delayed  = types.QueueAttributeNameApproximateNumberOfMessagesDelayed
		inFlight = types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	)
	found, err := a.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{waiting, delayed, inFlight},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count the messages of %s: %w", url, err)
	}
	count := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(found.Attributes[string(name)])
		return n
	}
	return count(waiting) + count(delayed), count(inFlight), nil
}

// collect receives dead letters until no more come. Also with an error it returns
// those that are to be given back.
func (a *Admin) collect(ctx context.Context, q source) ([]DeadLetter, error) {
	if q.deadURL == "" {
		return nil, nil
	}
	var found []DeadLetter
	for {
		output, err := a.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:                    &q.deadURL,
			MaxNumberOfMessages:         maxBatch,
			WaitTimeSeconds:             1, // without any, SQS asks only some of its servers
			VisibilityTimeout:           seconds(looking),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			MessageAttributeNames:       []string{"All"},
		}, wholeBodies)
		if err != nil {
			return found, fmt.Errorf("receive the dead letters of %s: %w", q.name, err)
		}
		if len(output.Messages) == 0 {
			break
		}
		for _, m := range output.Messages {
			found = append(found, readLetter(q.name, m))
		}
	}
	slices.SortStableFunc(found, func(a, b DeadLetter) int {
		return cmp.Compare(attribute(a.message, types.MessageSystemAttributeNameSentTimestamp), attribute(b.message, types.MessageSystemAttributeNameSentTimestamp))
	})
	return found, nil
}

// giveBack makes letters visible again, also when ctx has ended.
func (a *Admin) giveBack(ctx context.Context, q source, letters []DeadLetter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var errs []error
	for chunk := range slices.Chunk(letters, maxBatch) {
		input := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.deadURL}
		for i, l := range chunk {
			input.Entries = append(input.Entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: entryID(i), ReceiptHandle: l.message.ReceiptHandle})
		}
		output, err := a.client.ChangeMessageVisibilityBatch(ctx, input)
		if err == nil && len(output.Failed) > 0 {
			err = errors.New(aws.ToString(output.Failed[0].Code))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("dead letters of %s stay hidden for up to %v: %w", q.name, looking, err))
		}
	}
	return errors.Join(errs...)
}

// move sends a letter to its queue and then deletes it.
func (a *Admin) move(ctx context.Context, q source, l DeadLetter) error {
	input := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: l.message.Body}
	if trace := attribute(l.message, attrTrace); trace != "" {
		input.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			attrTrace: {DataType: aws.String("String"), StringValue: &trace},
		}
	}
	if q.fifo {
		input.MessageGroupId, input.MessageDeduplicationId = aws.String(attribute(l.message, attrGroup)), l.message.MessageId
	}
	if _, err := a.client.SendMessage(ctx, input); err != nil {
		return fmt.Errorf("send to %s: %w", q.name, err)
	}
	output, err := a.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{
		QueueUrl: &q.deadURL, Entries: []types.DeleteMessageBatchRequestEntry{{Id: entryID(0), ReceiptHandle: l.message.ReceiptHandle}},
	})
	if err == nil && len(output.Failed) > 0 {
		err = errors.New(aws.ToString(output.Failed[0].Code))
	}
	if err != nil {
		return fmt.Errorf("delete a dead letter of %s that was sent: %w", q.name, err)
	}
	return nil
}

// Attributes of dead letters of EventBridge, by its documentation ("Using
// dead-letter queues to process undelivered events").
const (
	undeliveredCode    = "ERROR_CODE"
	undeliveredMessage = "ERROR_MESSAGE"
)

// readLetter tells by its attributes who gave a message up, which is how much is
// known of it.
func readLetter(queue string, m types.Message) DeadLetter {
	decoded := decode(*m.MessageId, *m.Body)
	l := DeadLetter{
		ID:       decoded.UUID,
		Queue:    queue,
		Type:     decoded.Metadata[event.MetaType],
		Subject:  decoded.Metadata[event.MetaSubject],
		Envelope: decoded.Payload,
		message:  m,
	}
	given := func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) }
	switch {
	case given(letterReason) != "":
		l.Reason = given(letterReason)
		l.Receives, _ = strconv.Atoi(given(letterReceives))
		l.FirstAt = fromMillis(given(letterFirst))
		l.DeadAt = fromMillis(attribute(m, types.MessageSystemAttributeNameSentTimestamp))
	case given(undeliveredCode) != "":
		l.Reason = "not delivered by EventBridge: " + given(undeliveredCode) + ": " + given(undeliveredMessage)
		l.DeadAt = fromMillis(attribute(m, types.MessageSystemAttributeNameSentTimestamp))
	default: // its time of sending may still be the first queue's
		l.Reason = "unknown: SQS gave it up after its last receive, which no consumer answered"
	}
	return l
}

func attribute[N ~string](m types.Message, name N) string { return m.Attributes[string(name)] }

// fromMillis reads SQS's times; zero when there is none.
func fromMillis(s string) time.Time {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
