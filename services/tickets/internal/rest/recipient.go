package rest

import (
	"net/mail"
	"strings"
	"unicode"

	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/app"
)

// reachable refuses a request whose events would have nobody to write to. Tokens
// of another issuer may carry no e-mail address, or one that no event may have;
// that must be said before money moves.
func reachable(who app.Caller, email string) error {
	recipient := ticketsevents.Recipient{CustomerID: who.CustomerID, Email: email, Language: "en"}
	if isAddress(email) != nil || recipient.Validate() != nil {
		return problem.InvalidRequest(problem.Field{Field: "email", Message: "is needed: the access token carries none that can be written to"})
	}
	return nil
}

// isAddress refuses what no mail can be addressed to, or what would address more
// than one; the contract's format looks little further than the @.
func isAddress(email string) error {
	parsed, err := mail.ParseAddress(email)
	unfit := func(r rune) bool { return r == '"' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if err != nil || parsed.Address != email || strings.ContainsFunc(email, unfit) || !isDomain(email[strings.LastIndexByte(email, '@')+1:]) {
		return problem.InvalidRequest(problem.Field{Field: "email", Message: "must be an e-mail address"})
	}
	return nil
}

// isDomain refuses the punctuation that the grammar of mail headers allows in a
// domain and no name of a host has. An address in brackets is one.
func isDomain(domain string) bool {
	if strings.HasPrefix(domain, "[") {
		return true
	}
	for label := range strings.SplitSeq(domain, ".") {
		unfit := func(r rune) bool {
			return r != '-' && r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}
		if strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.ContainsFunc(label, unfit) {
			return false
		}
	}
	return true
}
