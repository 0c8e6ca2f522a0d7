package aws_test

import (
	"net/http"

	"ticketmesh.dev/tools/internal/cloud"
)

// cached has what everybody reads come out of the cache, for a function too that has
// only just been started.
func cached(a *attempt) {
	h := a.openHouse()
	path := "/shows/" + h.showID
	a.call(http.StatusOK, "GET", path, nobody, nil, nil)
	a.without(cloud.Part{Kind: cloud.Permission, Name: "shows-ApiRole dynamodb:GetItem"}, func() {
		a.call(http.StatusOK, "GET", path, nobody, nil, nil)
	})
}
