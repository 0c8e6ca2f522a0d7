package venue

// Replace returns the next version with other details, or a *violation.Error. A
// deleted venue stays deleted: the caller must not replace it.
func (v Venue) Replace(d Details) (Venue, error) {
	if err := d.validate(); err != nil {
		return Venue{}, err
	}
	v.details = d
	v.version++
	return v, nil
}
