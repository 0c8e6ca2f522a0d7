package message

import "strings"

// Recipient is whom a message goes to.
type Recipient struct {
	CustomerID string
	Email      string
	Language   string // BCP 47
}

// Same says whether two recipients are one customer at one address; the language may differ.
func (r Recipient) Same(o Recipient) bool {
	return r.CustomerID == o.CustomerID && strings.EqualFold(r.Email, o.Email)
}
