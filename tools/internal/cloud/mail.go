package cloud

import (
	"bytes"
	"encoding/json"
	"net/mail"
)

// Mail is what SES has taken.
type Mail struct {
	To      []string
	Subject string // as it is written in the header
	Raw     []byte // all of it
}

// keepMail keeps what a request sends.
func (c *Cloud) keepMail(body []byte) error {
	var in struct {
		Destination struct{ ToAddresses []string }
		Content     struct{ Raw struct{ Data []byte } }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(in.Content.Raw.Data))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mails = append(c.mails, Mail{To: in.Destination.ToAddresses, Subject: m.Header.Get("Subject"), Raw: in.Content.Raw.Data})
	return nil
}

// Mails are all mails to an address, oldest first.
func (c *Cloud) Mails(to string) (found []Mail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.mails {
		for _, address := range m.To {
			if address == to {
				found = append(found, m)
			}
		}
	}
	return found
}
