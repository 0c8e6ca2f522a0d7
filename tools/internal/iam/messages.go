package iam

import (
	"strings"
)

func (a Account) sqs(operation string, body []byte) ([]Request, error) {
	in, err := decode[struct{ QueueUrl, QueueName string }](body)
	if err != nil {
		return nil, err
	}
	name := in.QueueName
	if name == "" {
		name = in.QueueUrl[strings.LastIndexByte(in.QueueUrl, '/')+1:]
	}
	// A batch of messages has the permission of one.
	return []Request{{Action: "sqs:" + strings.TrimSuffix(operation, "Batch"), Resource: a.arn("sqs", name)}}, nil
}

func (a Account) events(operation string, body []byte) (needs []Request, err error) {
	if operation != "PutEvents" {
		return nil, nil
	}
	in, err := decode[struct {
		Entries []struct{ EventBusName, Source, DetailType string }
	}](body)
	for _, e := range in.Entries {
		bus := e.EventBusName
		if !strings.HasPrefix(bus, "arn:") {
			bus = a.arn("events", "event-bus/"+bus)
		}
		needs = append(needs, Request{Action: "events:PutEvents", Resource: bus, Context: map[string]string{"events:source": e.Source, "events:detail-type": e.DetailType}})
	}
	return needs, err
}
