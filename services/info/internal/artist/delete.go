package artist

// Delete returns the last version of the artist. Deleting it again changes
// nothing.
func (a Artist) Delete() Artist {
	if a.deleted {
		return a
	}
	a.deleted = true
	a.version++
	return a
}
