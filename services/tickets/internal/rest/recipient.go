package rest

import (
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/app"
)

// reachable refuses a request whose events would have nobody to write to. Tokens
// of another issuer may carry no e-mail address, or one that no event may have;
// that must be said before money moves.
func reachable(who app.Caller, email string) error {
	recipient := ticketsevents.Recipient{CustomerID: who.CustomerID, Email: email, Language: "en"}
	if email == "" || recipient.Validate() != nil {
		return problem.InvalidRequest(problem.Field{Field: "email", Message: "is needed: the access token carries none that can be written to"})
	}
	return nil
}
