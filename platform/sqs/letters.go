package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/consumer"
)

// System attributes of SQS.
const (
	attrTrace    = string(types.MessageSystemAttributeNameAWSTraceHeader)
	attrGroup    = string(types.MessageSystemAttributeNameMessageGroupId)
	attrReceives = string(types.MessageSystemAttributeNameApproximateReceiveCount)
	attrFirst    = string(types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp)
)

// Attributes of dead letters that a consumer has sent itself. The body is the
// one that it received, so a letter can go back to its queue as it is, whoever
// moves it.
const (
	letterReason   = "reason"
	letterReceives = "receives"
	letterFirst    = "firstReceived" // epoch milliseconds, as SQS has it
)

const fifoSuffix = ".fifo"

// LetterClient is what sending dead letters needs of the SDK's client.
type LetterClient interface {
	GetQueueUrl(ctx context.Context, input *sqs.GetQueueUrlInput, options ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	GetQueueAttributes(ctx context.Context, input *sqs.GetQueueAttributesInput, options ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	SendMessage(ctx context.Context, input *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// letters sends what a consumer gives up on to its queue's dead letters. SQS
// does so by itself after maxReceiveCount, but cannot say why, and not before.
// It stays the net for what no consumer lives to answer.
type letters struct {
	client LetterClient

	mu       sync.Mutex
	policies map[string]policy // by the queue
}

// policy is a queue's redrive policy. Without one there is no dead-letter queue
// and deadURL is empty.
type policy struct {
	deadURL     string
	fifo        bool
	maxReceives int
}

// letter is a message that a handler refused.
type letter struct {
	id, body, group, trace, first string
	receives                      int
	reason                        string
	permanent                     bool
}

func newLetter(id, body string, attributes map[string]string, refused *message.Message) letter {
	receives, _ := strconv.Atoi(attributes[attrReceives])
	return letter{
		id:        id,
		body:      body,
		group:     attributes[attrGroup],
		trace:     attributes[attrTrace],
		first:     attributes[attrFirst],
		receives:  receives,
		reason:    refused.Metadata[consumer.MetaReason],
		permanent: refused.Metadata[consumer.MetaPermanent] == "true",
	}
}

func newLetters(client LetterClient) *letters {
	return &letters{client: client, policies: make(map[string]policy)}
}

// send sends l to the dead letters of the queue, which is known by its ARN or its
// URL, when no retry cures it, or when this was the last one, and reports whether
// it did.
func (ls *letters) send(ctx context.Context, queue string, l letter) (bool, error) {
	p, err := ls.policy(ctx, queue)
	if err != nil {
		return false, fmt.Errorf("read the redrive policy of %s: %w", queue, err)
	}
	if p.deadURL == "" || !l.permanent && l.receives < p.maxReceives {
		return false, nil
	}
	input := &sqs.SendMessageInput{
		QueueUrl:    &p.deadURL,
		MessageBody: &l.body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			letterReason:   text(l.reason),
			letterReceives: text(strconv.Itoa(l.receives)),
		},
	}
	if l.first != "" {
		input.MessageAttributes[letterFirst] = text(l.first)
	}
	if l.trace != "" {
		input.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			attrTrace: {DataType: aws.String("String"), StringValue: &l.trace},
		}
	}
	if p.fifo {
		input.MessageGroupId, input.MessageDeduplicationId = &l.group, &l.id
	}
	if _, err := ls.client.SendMessage(ctx, input); err != nil {
		return false, fmt.Errorf("send to %s: %w", p.deadURL, err)
	}
	return true, nil
}

// policy asks SQS once for each queue: a failure is rare, and a function that
// has none needs to know no queue.
func (ls *letters) policy(ctx context.Context, queue string) (policy, error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	p, ok := ls.policies[queue]
	if ok {
		return p, nil
	}
	url := queue
	var err error
	if !strings.HasPrefix(queue, "http") {
		if url, _, err = ls.url(ctx, queue); err != nil {
			return policy{}, err
		}
	}
	found, err := ls.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return policy{}, err
	}
	if raw := found.Attributes[string(types.QueueAttributeNameRedrivePolicy)]; raw != "" {
		var given struct {
			Target      string          `json:"deadLetterTargetArn"`
			MaxReceives json.RawMessage `json:"maxReceiveCount"` // a number, or one in a string, as it was set
		}
		if err := json.Unmarshal([]byte(raw), &given); err != nil {
			return policy{}, err
		}
		if p.maxReceives, err = strconv.Atoi(strings.Trim(string(given.MaxReceives), `"`)); err != nil {
			return policy{}, err
		}
		if p.deadURL, p.fifo, err = ls.url(ctx, given.Target); err != nil {
			return policy{}, err
		}
	}
	ls.policies[queue] = p
	return p, nil
}

// url asks for the URL of a queue that is known by its ARN.
func (ls *letters) url(ctx context.Context, queue string) (url string, fifo bool, err error) {
	a, err := arn.Parse(queue)
	if err != nil {
		return "", false, err
	}
	found, err := ls.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &a.Resource, QueueOwnerAWSAccountId: &a.AccountID})
	if err != nil {
		return "", false, err
	}
	return aws.ToString(found.QueueUrl), strings.HasSuffix(a.Resource, fifoSuffix), nil
}

// text is a message attribute. SQS takes no empty value and only what XML has.
func text(s string) types.MessageAttributeValue {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
			return r
		}
		return -1
	}, s)
	if s == "" {
		s = "unknown"
	}
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}
