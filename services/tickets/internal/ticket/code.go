package ticket

import "ticketmesh.dev/platform/id"

// Code is what an admission code says once its signature is known to be right.
type Code struct {
	TicketID      id.ID
	PerformanceID id.ID
	Issue         int
}

// CodeOf returns what the ticket's newest code says.
func CodeOf(t *Ticket) Code {
	return Code{TicketID: t.ID, PerformanceID: t.PerformanceID, Issue: t.Issue}
}
