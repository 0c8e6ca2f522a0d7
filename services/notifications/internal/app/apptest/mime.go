package apptest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// ParseMail reads a mail as a recipient's program would, and holds to RFC what every mail of ours has. To is left to the
// carrier's envelope.
func ParseMail(t *testing.T, raw []byte) (Delivered, mail.Header) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Bcc") != "" {
		t.Errorf("headers = %v", m.Header)
	}
	if _, err := m.Header.Date(); err != nil {
		t.Error(err)
	}
	local, _, _ := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-ID"), "<"), "@")
	mailID, err := id.Parse(local)
	if err != nil {
		t.Error(err)
	}
	d := Delivered{ID: mailID, Subject: subject, Unsubscribe: strings.Trim(m.Header.Get("List-Unsubscribe"), "<>")}
	if d.Unsubscribe != "" && m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post = %q", m.Header.Get("List-Unsubscribe-Post"))
	}
	walk(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), "", m.Body, &d)
	return d, m.Header
}

// walk reads a part and those in it.
func walk(t *testing.T, contentType, encoding, disposition string, body io.Reader, d *Delivered) {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			walk(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition"), p, d)
		}
	}
	switch encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	switch _, params, _ := mime.ParseMediaType(disposition); {
	case params["filename"] != "":
		d.Attachments = append(d.Attachments, message.Attachment{Name: params["filename"], ContentType: mediaType, Data: data})
	case mediaType == "text/html":
		d.HTML = string(data)
	default:
		d.Text = string(data)
	}
}
