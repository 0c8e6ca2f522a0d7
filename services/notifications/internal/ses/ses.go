// Package ses is the carrier on AWS: it hands mails to SES, and takes in what SES says of them later. It keeps no queue
// of its own: what SES does not accept is reported, and tried again by whoever asked.
package ses

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"golang.org/x/net/idna"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/mimecodec"
)

const (
	// timeout bounds one call. A mail whose answer was lost is handed over again.
	timeout = 10 * time.Second
	// maxCalls bounds the calls at once. One takes about 50 ms, so that they are more than 300 a second.
	maxCalls = 16

	// headerMessageID keeps the Message-ID, which SES replaces with its own.
	headerMessageID = "X-Ticketmesh-Message-Id"
	// tagMessage is the tag that has the message's id; it comes back with what SES publishes about the mail.
	tagMessage = "message"
)

// Config says how mails are sent.
type Config struct {
	From string // verified with SES, with a name or without
	// ConfigurationSet names the one that publishes what becomes of the mails.
	ConfigurationSet string
	// Rate is how many mails a second this process may hand over: the account's rate, or its share of it.
	Rate int
}

// Validate reports everything that is wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	if _, err := mail.ParseAddress(c.From); err != nil {
		errs = append(errs, fmt.Errorf("ses: sender %q is no address", c.From))
	}
	if c.ConfigurationSet == "" {
		errs = append(errs, errors.New("ses: configuration set is missing"))
	}
	if c.Rate < 1 {
		errs = append(errs, fmt.Errorf("ses: %d mails a second are none", c.Rate))
	}
	return errors.Join(errs...)
}

// Mailer sends over SES. Its methods may be called concurrently, and share the rate.
type Mailer struct {
	client  *sesv2.Client
	config  Config
	from    *mail.Address
	limiter *rate.Limiter
}

var _ app.Mailer = (*Mailer)(nil)

// New returns a Mailer, or all that is wrong with the configuration.
func New(client *sesv2.Client, c Config) (*Mailer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, err
	}
	return &Mailer{client: client, config: c, from: from, limiter: rate.NewLimiter(rate.Limit(c.Rate), 1)}, nil
}

// Send implements app.Mailer with one call for each mail, several at once.
func (m *Mailer) Send(ctx context.Context, mails []message.Mail) []error {
	errs := make([]error, len(mails))
	var calls errgroup.Group
	calls.SetLimit(min(m.config.Rate, maxCalls))
	for i, mail := range mails {
		if errs[i] = m.wait(ctx); errs[i] != nil {
			continue
		}
		calls.Go(func() error {
			errs[i] = m.send(ctx, mail)
			return nil
		})
	}
	_ = calls.Wait() // each mail has its own error
	return errs
}

// wait keeps the rate. It doesn't begin to wait for what ctx will not live to see.
func (m *Mailer) wait(ctx context.Context) error {
	if err := m.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return context.DeadlineExceeded
	}
	return nil
}

func (m *Mailer) send(ctx context.Context, mail message.Mail) (err error) {
	// The invocation has a trace of its own; the mail belongs to that of its event.
	ctx, segment := tracing.Follow(ctx, "mail", mail.TraceParent, "")
	defer func() { segment.End(err != nil) }()
	if mail.To, err = ascii(mail.To); err != nil {
		return err
	}
	msg, err := mimecodec.Message(mail, m.from)
	if err != nil {
		return err
	}
	msg.SetGenHeader(headerMessageID, mimecodec.MessageID(mail, m.from))
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return fmt.Errorf("ses: write MIME: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err = m.client.SendEmail(ctx, &sesv2.SendEmailInput{
		Content:              &types.EmailContent{Raw: &types.RawMessage{Data: raw.Bytes()}},
		Destination:          &types.Destination{ToAddresses: []string{mail.To}},
		ConfigurationSetName: aws.String(m.config.ConfigurationSet),
		EmailTags:            []types.MessageTag{{Name: aws.String(tagMessage), Value: aws.String(mail.ID.String())}},
	}, once)
	return classify(err)
}

// once leaves it to the queue of messages to try again: it waits longer, and gives way to other mails.
func once(o *sesv2.Options) { o.Retryer = aws.NopRetryer{} }

// classify leaves what a log may hold of an error, whose text can have the recipient's address in it. Only what SES says
// about this recipient or this content is final; a sender who isn't verified or is suspended, a configuration set that
// does not exist, a quota that is used up are our configuration's fault, and can be mended while messages wait.
func classify(err error) error {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		if err != nil {
			return fmt.Errorf("ses: %w", err)
		}
		return nil
	}
	result := fmt.Errorf("ses: %s", refusal.ErrorCode())
	var rejected *types.MessageRejected
	var bad *types.BadRequestException
	switch {
	case errors.As(err, &bad):
		return fmt.Errorf("%w: %w", message.ErrRejected, result)
	case errors.As(err, &rejected) && !strings.Contains(rejected.ErrorMessage(), "not verified"):
		return fmt.Errorf("%w: %w", message.ErrRejected, result)
	}
	return result
}

// ascii writes an address as SES takes it, which knows no SMTPUTF8: a domain in Punycode. A mailbox with other letters
// than ASCII can't be reached over SES.
func ascii(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || isASCII(address) {
		return address, nil
	}
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	if err != nil || !isASCII(address[:at]) {
		return "", fmt.Errorf("%w: an address beyond ASCII", message.ErrRejected)
	}
	return address[:at+1] + domain, nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
