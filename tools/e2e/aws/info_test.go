package aws_test

import (
	"bytes"
	"net/http"
)

// content has an organizer write what everybody reads.
func content(a *attempt) {
	organizer := a.signIn("organizer")
	venue := a.venue(organizer)
	var found struct{ Items []struct{ Type string } }
	a.call(http.StatusOK, "GET", "/info/search?q=Hall&type=venue", nobody, nil, &found)
	if len(found.Items) == 0 {
		a.fail("the venue %s is not found", venue)
	}
	a.call(http.StatusUnauthorized, "POST", "/info/venues", nobody, object{}, nil)
	a.call(http.StatusForbidden, "POST", "/info/venues", a.signIn(), object{"name": "Hall", "city": "Graz", "country": "AT", "timeZone": "Europe/Vienna"}, nil)
	a.settle()
}

// venue makes a venue and returns its id.
func (a *attempt) venue(organizer person) string {
	var venue struct{ VenueID string }
	a.call(http.StatusCreated, "POST", "/info/venues", organizer, object{"name": "Hall", "city": "Graz", "country": "AT", "timeZone": "Europe/Vienna"}, &venue)
	return venue.VenueID
}

// files has an organizer upload a picture past the function, and a visitor see it past
// the function too.
func files(a *attempt) {
	picture := bytes.Repeat([]byte("\xff\x00"), 1000)
	var upload struct {
		Key       string
		UploadURL string
	}
	a.call(http.StatusCreated, "POST", "/info/assets", a.signIn("organizer"), object{"name": "hall.png", "contentType": "image/png", "size": len(picture)}, &upload)
	if got := a.send("PUT", upload.UploadURL, nobody, picture, "Content-Type", "image/png"); got.status != http.StatusOK {
		a.fail("the upload to %s answers %v", upload.UploadURL, got)
	}
	got := a.call(http.StatusOK, "GET", "/info/assets/"+upload.Key, nobody, nil, nil)
	if !bytes.Equal(got.body, picture) || got.header.Get("Content-Type") != "image/png" || got.header.Get("ETag") == "" || got.header.Get("X-Content-Type-Options") != "nosniff" {
		a.fail("the picture is %d bytes with %v", len(got.body), got.header)
	}
	a.call(http.StatusNotModified, "GET", "/info/assets/"+upload.Key, nobody, nil, nil, "If-None-Match", got.header.Get("ETag"))
	if got := a.call(http.StatusNotFound, "GET", "/info/assets/018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f.png", nobody, nil, nil); got.code() != "not_found" {
		a.fail("a picture that there is not: %v", got)
	}
}
