package venue

// Delete returns the last version of the venue. Deleting it again changes
// nothing.
func (v Venue) Delete() Venue {
	if v.deleted {
		return v
	}
	v.deleted = true
	v.version++
	return v
}
