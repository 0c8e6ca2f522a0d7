// Package sender is the composition root of the function sender. It wires and decides nothing.
package sender

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/sqs"
	"ticketmesh.dev/services/notifications"
	"ticketmesh.dev/services/notifications/aws"
	"ticketmesh.dev/services/notifications/aws/announce"
	"ticketmesh.dev/services/notifications/aws/state"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/compose"
	"ticketmesh.dev/services/notifications/internal/ses"
)

// wrapUp is how long before the end of an invocation nothing is begun any more: a batch under way is handed over for
// another five seconds, and then has to be settled.
const wrapUp = 10 * time.Second

// Nothing is what the sender is told and what it answers: whoever invokes it, it does all that there is to do.
type Nothing struct{}

// letters are whose dead letters are counted.
var letters = []string{notifications.CatalogQueue, notifications.OrdersQueue, "notifications-feedback"}

// Open opens the function that spreads notices and sends messages. The table's stream invokes it as soon as there is
// something new, and a schedule every minute for what is due later, or was missed. It may run several times at once; each
// keeps the rate for itself. Once a minute it tells CloudWatch how many dead letters the service has.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, Nothing) (Nothing, error), error) {
	s, err := state.Open(rt, announce.Validator{}, aws.VarStage, aws.VarURL, aws.VarMailFrom, aws.VarMailSet, aws.VarMailRate)
	if err != nil {
		return nil, err
	}
	composer, err := compose.New(s.URL)
	if err != nil {
		return nil, err
	}
	mailer, err := ses.New(sesv2.NewFromConfig(s.Client), ses.Config{From: s.MailFrom, ConfigurationSet: s.MailSet, Rate: s.MailRate})
	if err != nil {
		return nil, err
	}
	spread := notifications.NewSpreaderPass(s.Store, composer, s.Clock, rt.Logger)
	send := notifications.NewSenderPass(app.Counted(s.Store, rt.Metrics), composer, mailer, s.Codec, s.Clock, rt.Logger)
	queues := sdk.NewFromConfig(s.Client)
	var measured time.Time // a process has one invocation at a time
	return func(ctx context.Context, _ Nothing) (Nothing, error) {
		working := ctx
		if deadline, ok := ctx.Deadline(); ok {
			if left := time.Until(deadline); left <= wrapUp {
				return Nothing{}, fmt.Errorf("%s are too few to send anything in", left)
			}
			var cancel context.CancelFunc
			working, cancel = context.WithDeadline(ctx, deadline.Add(-wrapUp))
			defer cancel()
		}
		err := errors.Join(spread(working), send(working))
		if now := s.Clock.Now(); now.Sub(measured) >= time.Minute {
			measured = now
			if err := sqs.MeasureLetters(ctx, queues, "ticketmesh-"+s.Stage+"-", letters, rt.Metrics); err != nil {
				rt.Logger.ErrorContext(ctx, "dead letters could not be counted", "error", err)
			}
		}
		return Nothing{}, err
	}, nil
}
