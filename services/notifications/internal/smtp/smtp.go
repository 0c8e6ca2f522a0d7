// Package smtp is the carrier that hands mails to a mail server. It keeps no queue of its own: what the server doesn't
// accept is reported, and tried again by whoever asked.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/mimecodec"
)

// TLS says how connections are protected.
type TLS string

// The modes. StartTLS and Implicit refuse servers that don't offer it; None is for a relay on the same machine.
const (
	StartTLS TLS = "starttls"
	Implicit TLS = "tls"
	None     TLS = "none"
)

// timeout bounds each command of a session.
const timeout = 30 * time.Second

// Config says which server to use.
type Config struct {
	Host     string
	Port     int
	Username string // empty: no authentication
	Password string
	TLS      TLS
	From     string // address, with a name or without
	// RootCAs and others are the system's unless given.
	TLSConfig *tls.Config
}

// Validate reports everything that is wrong with the configuration, without the password.
func (c Config) Validate() error {
	var errs []error
	if c.Host == "" {
		errs = append(errs, errors.New("smtp: host is missing"))
	}
	if c.Port < 1 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("smtp: port %d is out of range", c.Port))
	}
	if !slices.Contains([]TLS{StartTLS, Implicit, None}, c.TLS) {
		errs = append(errs, fmt.Errorf("smtp: TLS mode %q is none of starttls, tls, none", c.TLS))
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		errs = append(errs, fmt.Errorf("smtp: sender %q is no address", c.From))
	}
	if (c.Username == "") != (c.Password == "") {
		errs = append(errs, errors.New("smtp: user and password go together"))
	}
	return errors.Join(errs...)
}

// Mailer sends over SMTP. Its methods may be called concurrently: each Send has its own connection.
type Mailer struct {
	client *gomail.Client
	from   *mail.Address
}

var _ app.Mailer = (*Mailer)(nil)

// New returns a Mailer, or all that is wrong with the configuration. It doesn't connect.
func New(c Config) (*Mailer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(timeout), gomail.WithoutNoop(), gomail.WithoutRset()}
	switch c.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		options = append(options, gomail.WithSSL())
	case None:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if c.TLSConfig != nil {
		options = append(options, gomail.WithTLSConfig(c.TLSConfig))
	}
	if c.Username != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if c.TLS == None { // the library refuses to send a password in the clear unless told to
			auth = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return &Mailer{client: client, from: from}, nil
}

// Send implements app.Mailer over one connection, or a new one after it breaks.
func (m *Mailer) Send(ctx context.Context, mails []message.Mail) []error {
	errs := make([]error, len(mails))
	var session *smtp.Client
	defer func() {
		if session != nil {
			_ = m.client.CloseWithSMTPClient(session) // what was accepted is accepted
		}
	}()
	for i, mail := range mails {
		if errs[i] = ctx.Err(); errs[i] != nil {
			continue
		}
		msg, err := mimecodec.Message(mail, m.from)
		if err != nil {
			errs[i] = err
			continue
		}
		if session == nil {
			if session, err = m.client.DialToSMTPClientWithContext(ctx); err != nil {
				session = nil
				for j := i; j < len(mails); j++ { // the server would refuse the others as well
					errs[j] = fmt.Errorf("smtp: connect: %w", err)
				}
				return errs
			}
		}
		if err := m.client.SendWithSMTPClient(session, msg); err != nil && !msg.IsDelivered() {
			broken := false
			errs[i], broken = classify(err)
			if broken {
				_ = m.client.CloseWithSMTPClient(session)
				session = nil
			}
		}
	}
	return errs
}

// classify leaves what a log may hold of an error, which has the recipient's address in it, and says whether the
// connection is of no more use. Only what the server says about this recipient or this content is final; a refused
// sender or login is our configuration's fault, and can be mended while messages wait.
func classify(err error) (result error, broken bool) {
	var sendErr *gomail.SendError
	if !errors.As(err, &sendErr) {
		return errors.New("smtp: the connection failed"), true
	}
	code := sendErr.ErrorCode()
	result = fmt.Errorf("smtp: %s: code %d %s", sendErr.Reason, code, sendErr.EnhancedStatusCode())
	if code >= 500 && code < 600 {
		switch sendErr.Reason {
		case gomail.ErrSMTPRcptTo, gomail.ErrSMTPDataClose:
			return fmt.Errorf("%w: %w", message.ErrRejected, result), false
		}
	}
	return result, code == 0 || code == 421
}
