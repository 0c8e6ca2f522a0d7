package iam

import (
	"bytes"
	"net/http"
	"net/mail"
	"strings"
)

// ses reads SES's second API. A mail is sent by an identity, here the sender's domain,
// and by a configuration set, both of which have to be allowed; one that is handed over
// whole may say in its header whose it is, and needs SendRawEmail as well.
func (a Account) ses(r *http.Request, body []byte) (operation string, needs []Request, err error) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/email/outbound-emails" {
		return "", nil, nil
	}
	in, err := decode[struct {
		FromEmailAddress, ConfigurationSetName string
		Content                                struct{ Raw *struct{ Data []byte } }
	}](body)
	if err != nil {
		return "SendEmail", nil, err
	}
	if in.FromEmailAddress == "" && in.Content.Raw != nil {
		whole, err := mail.ReadMessage(bytes.NewReader(in.Content.Raw.Data))
		if err != nil {
			return "SendEmail", nil, err
		}
		in.FromEmailAddress = whole.Header.Get("From")
	}
	from, err := mail.ParseAddress(in.FromEmailAddress)
	if err != nil {
		return "SendEmail", nil, err
	}
	actions := []string{"ses:SendEmail"}
	if in.Content.Raw != nil {
		actions = append(actions, "ses:SendRawEmail")
	}
	for _, action := range actions {
		needs = append(needs, Request{Action: action, Resource: a.arn("ses", "identity/"+from.Address[strings.LastIndexByte(from.Address, '@')+1:])})
		if in.ConfigurationSetName != "" {
			needs = append(needs, Request{Action: action, Resource: a.arn("ses", "configuration-set/"+in.ConfigurationSetName)})
		}
	}
	return "SendEmail", needs, nil
}
