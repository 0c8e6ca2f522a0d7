package show

// Update changes what the show says. Changed is false, and the show as it was,
// when it says so already. It fails with a *violation.Error or a *CancelledError.
func (s Show) Update(details Details) (after Show, changed bool, err error) {
	if s.state.Status == Cancelled {
		return s, false, &CancelledError{s.state.ID}
	}
	if err := details.check(); err != nil {
		return s, false, err
	}
	if details.equal(s.state.Details) {
		return s, false, nil
	}
	next := s.state
	next.Details = details
	next.Version++
	return Show{next}, true, nil
}
