package shows_test

import (
	"testing"
)

// TestContractEveryDeclaredEventIsPublished causes every event that the contract
// declares, by HTTP, which is all that makes this service speak.
func TestContractEveryDeclaredEventIsPublished(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.createShow()
	performance := m.schedule(show)
	m.do(organizer, "POST", show+"/publish", nil).want(200) // show published, performance scheduled
	m.do(organizer, "PATCH", show, document{"title": "Macbeth"}).want(200)
	m.do(organizer, "POST", performance+"/reschedule", document{"startsAt": "2027-06-02T20:00"}).want(200)
	m.do(organizer, "POST", show+"/cancel", document{"reason": "flood"}).want(200) // both
	m.told()
	if unseen := m.published.Unseen(); len(unseen) > 0 {
		t.Errorf("never published: %v", unseen)
	}
}
