package app

import "slices"

// Caller is who asks, as the access token says.
type Caller struct {
	CustomerID string
	Email      string
	Groups     []string
}

func (c Caller) in(group string) bool { return slices.Contains(c.Groups, group) }

// organizes reports whether the caller may act for the organizer.
func (c Caller) organizes(organizerID string) bool {
	return c.in("admin") || c.in("organizer") && c.CustomerID == organizerID
}

// admits reports whether the caller may admit at the organizer's performances.
func (c Caller) admits(organizerID string) bool {
	return c.in("gate") || c.organizes(organizerID)
}
