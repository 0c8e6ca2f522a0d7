// Package mimecodec writes mails of the domain as MIME messages, for every carrier the same. It hands over nothing.
package mimecodec

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"ticketmesh.dev/services/notifications/internal/message"
)

// Message returns the mail as a message from a sender. Its Message-ID is made of the mail's id and the sender's domain,
// so that a mail that is handed over again is known again. A mail to what is no address is message.ErrRejected.
func Message(m message.Mail, from *mail.Address) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	msg.FromMailAddress(from)
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("%w: not an address", message.ErrRejected)
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(MessageID(m, from))
	msg.SetDateWithValue(m.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	if m.Unsubscribe != "" {
		// One click is defined for https only.
		if err := msg.SetListUnsubscribeOneClick(m.Unsubscribe); err != nil {
			msg.SetListUnsubscribe(m.Unsubscribe)
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		msg.AttachReadSeeker(a.Name, bytes.NewReader(a.Data), gomail.WithFileContentType(gomail.ContentType(a.ContentType)))
	}
	return msg, nil
}

// MessageID returns the mail's Message-ID without its brackets.
func MessageID(m message.Mail, from *mail.Address) string {
	_, domain, _ := strings.Cut(from.Address, "@")
	return m.ID.String() + "@" + domain
}
