// Package feedback is the composition root of the function feedback. It wires and decides nothing.
package feedback

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/notifications/aws/announce"
	"ticketmesh.dev/services/notifications/aws/state"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/ses"
)

// Open opens the function that is told by SES, over EventBridge and a queue, what became of mails. These are no
// CloudEvents, so no subscription takes them. Each record that is not taken in fails alone, and is delivered again until
// its queue gives it up.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, events.SQSEvent) (events.SQSEventResponse, error), error) {
	s, err := state.Open(rt, announce.Validator{})
	if err != nil {
		return nil, err
	}
	feedback := app.NewFeedback(app.CountedReturns(s.Store, rt.Metrics), s.Store, s.Clock)
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, record := range e.Records {
			if err := ses.Feedback(ctx, feedback, []byte(record.Body)); err != nil {
				rt.Logger.ErrorContext(ctx, "feedback was not taken in", "record", record.MessageId, "error", err)
				response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
			}
		}
		return response, nil
	}, nil
}
