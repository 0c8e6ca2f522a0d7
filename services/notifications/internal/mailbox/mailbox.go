// Package mailbox is the carrier that needs no mail server: mails end in a file, and a page shows them. It is for
// development and demonstration; it must not be reachable by strangers, because it shows everybody's mails.
package mailbox

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is the answer to an id or name that no mail or attachment has.
var ErrNotFound = errors.New("no such mail")

// Box is an open mailbox. Its methods may be called concurrently.
type Box struct {
	db    *sqlite.DB
	clock clock.Clock
}

var _ app.Mailer = (*Box)(nil)

// Open opens the file, making it if need be.
func Open(ctx context.Context, path string, clock clock.Clock) (*Box, error) {
	tables, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: path, Migrations: tables, Readers: 2, Bare: true})
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	return &Box{db: db, clock: clock}, nil
}

// Close closes the file.
func (b *Box) Close() error { return b.db.Close() }

// Send implements app.Mailer: it commits all mails at once. A mail whose id is there already is accepted and dropped.
func (b *Box) Send(ctx context.Context, mails []message.Mail) []error {
	errs := make([]error, len(mails))
	now := b.clock.Now().UnixMilli()
	err := b.db.Write(ctx, func(tx *sqlite.Tx) error {
		for i, m := range mails {
			errs[i] = nil
			if strings.ContainsAny(m.To, " \r\n") || !strings.Contains(m.To, "@") {
				errs[i] = fmt.Errorf("%w: not an address", message.ErrRejected)
				continue
			}
			n, err := tx.Exec(`INSERT INTO mails (id, recipient, mailbox, subject, sent_at, text, html, unsubscribe) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (id) DO NOTHING`, m.ID[:], m.To, strings.ToLower(m.To), m.Subject, now, m.Text, m.HTML, m.Unsubscribe)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			for position, a := range m.Attachments {
				if _, err := tx.Exec(`INSERT INTO attachments (mail_id, position, name, content_type, size, data) VALUES (?, ?, ?, ?, ?, ?)`,
					m.ID[:], position, a.Name, a.ContentType, len(a.Data), a.Data); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

// Mail is a mail as it arrived.
type Mail struct {
	ID          id.ID
	To          string
	Subject     string
	SentAt      time.Time
	Text        string
	HTML        string
	Unsubscribe string
	Attachments []Attachment
}

// MessageID is the mail's Message-ID.
func (m Mail) MessageID() string { return "<" + m.ID.String() + "@ticketmesh.localhost>" }

// Attachment is a file of a mail, without its content.
type Attachment struct {
	Name        string
	ContentType string
	Size        int
}

const mailColumns = `id, recipient, subject, sent_at, text, html, unsubscribe`

// Latest returns up to limit mails, the newest first; to, if not empty, is the address that they went to.
func (b *Box) Latest(ctx context.Context, to string, limit int) ([]Mail, error) {
	mails := []Mail{}
	err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
		var rows *sql.Rows
		var err error
		if to == "" {
			rows, err = tx.Query(`SELECT `+mailColumns+` FROM mails ORDER BY seq DESC LIMIT ?`, limit)
		} else {
			rows, err = tx.Query(`SELECT `+mailColumns+` FROM mails WHERE mailbox = ? ORDER BY seq DESC LIMIT ?`, strings.ToLower(to), limit)
		}
		if err != nil {
			return err
		}
		for rows.Next() {
			m, err := scan(rows.Scan)
			if err != nil {
				return err
			}
			mails = append(mails, m)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for i := range mails {
			if mails[i].Attachments, err = attachments(tx, mails[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return mails, err
}

// Mail returns a mail, or ErrNotFound.
func (b *Box) Mail(ctx context.Context, mailID id.ID) (m Mail, err error) {
	err = b.db.Read(ctx, func(tx *sqlite.Tx) error {
		if m, err = scan(tx.QueryRow(`SELECT `+mailColumns+` FROM mails WHERE id = ?`, mailID[:]).Scan); err != nil {
			return err
		}
		m.Attachments, err = attachments(tx, mailID)
		return err
	})
	return m, notFound(err)
}

// File returns an attachment's type and content, or ErrNotFound.
func (b *Box) File(ctx context.Context, mailID id.ID, name string) (contentType string, data []byte, err error) {
	err = b.db.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT content_type, data FROM attachments WHERE mail_id = ? AND name = ? ORDER BY position LIMIT 1`, mailID[:], name).
			Scan(&contentType, &data)
	})
	return contentType, data, notFound(err)
}

func scan(into func(...any) error) (m Mail, err error) {
	var mailID []byte
	var sent int64
	if err := into(&mailID, &m.To, &m.Subject, &sent, &m.Text, &m.HTML, &m.Unsubscribe); err != nil {
		return m, err
	}
	copy(m.ID[:], mailID)
	m.SentAt = time.UnixMilli(sent).UTC()
	return m, nil
}

func attachments(tx *sqlite.Tx, mailID id.ID) ([]Attachment, error) {
	list := []Attachment{}
	rows, err := tx.Query(`SELECT name, content_type, size FROM attachments WHERE mail_id = ? ORDER BY position`, mailID[:])
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var a Attachment
		if err := rows.Scan(&a.Name, &a.ContentType, &a.Size); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
