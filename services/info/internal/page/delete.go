package page

// Delete returns the version that says that the page is gone. Deleting it again
// changes nothing.
func (p Page) Delete() Page {
	if p.deleted {
		return p
	}
	p.deleted = true
	p.version++
	return p
}
