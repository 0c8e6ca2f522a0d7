package artist

// Replace returns the next version with other details, or a *violation.Error. A
// deleted artist stays deleted: the caller must not replace it.
func (a Artist) Replace(d Details) (Artist, error) {
	if err := d.validate(); err != nil {
		return Artist{}, err
	}
	a.details = d.clone()
	a.version++
	return a, nil
}
