package page

import "ticketmesh.dev/platform/id"

// Replace returns the next version with other content, or a *violation.Error. A
// deleted page is there again.
func (p Page) Replace(c Content) (Page, error) {
	return p.write(c, p.creation)
}

// Recreate is Replace for a deleted page that is made again, by the request with
// this id.
func (p Page) Recreate(c Content, creation id.ID) (Page, error) {
	return p.write(c, creation)
}

func (p Page) write(c Content, creation id.ID) (Page, error) {
	if err := c.validate(); err != nil {
		return Page{}, err
	}
	p.content = c
	p.creation = creation
	p.deleted = false
	p.version++
	return p, nil
}
