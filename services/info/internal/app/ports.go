package app

import (
	"context"
	"io"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/asset"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/search"
	"ticketmesh.dev/services/info/internal/venue"
)

// Store keeps venues, artists and pages, announces them and finds them. Its
// methods may be called concurrently. What was committed is seen by every read
// that begins after.
//
// Deleted entities stay in the store. Lists and searches leave them out; the
// methods that read one entity return it, and ErrNotFound for what never was.
type Store interface {
	Reader
	// Write runs fn in a transaction and returns when it is durable. An error
	// of fn undoes all of it and is returned as it is. fn may be run again when
	// transactions collide, so it does nothing but read and save.
	Write(ctx context.Context, fn func(Tx) error) error

	// Venues returns up to limit venues by name (in the order of its bytes) and
	// id, those after a place.
	Venues(ctx context.Context, after *Place, limit int) ([]venue.Venue, error)
	// Artists is Venues for artists.
	Artists(ctx context.Context, after *Place, limit int) ([]artist.Artist, error)
	// PageList returns up to limit pages by slug and language, those after a
	// key, without their Markdown.
	PageList(ctx context.Context, after *page.Key, limit int) ([]page.Page, error)
	// Search returns up to q.Limit results in the order of search.Place. Terms
	// match the beginnings of words in titles and bodies, whatever their case
	// and diacritics.
	Search(ctx context.Context, q search.Query) ([]search.Result, error)
	// Ready fails when the store does not answer.
	Ready(ctx context.Context) error
}

// Reader reads single entities.
type Reader interface {
	Venue(ctx context.Context, venueID id.ID) (venue.Venue, error)
	Artist(ctx context.Context, artistID id.ID) (artist.Artist, error)
	Page(ctx context.Context, key page.Key) (page.Page, error)
	// Pages returns the page in all its languages, by language; none is no error.
	Pages(ctx context.Context, slug string) ([]page.Page, error)
}

// Tx is what a transaction may do. It ends with the function it was given to.
// What it saves replaces what was there, is found by searches from then on
// unless it is deleted, and is announced on the bus with the time at, all or
// nothing with the transaction. Artists are not announced.
type Tx interface {
	Reader
	SaveVenue(ctx context.Context, v venue.Venue, at time.Time) error
	SaveArtist(ctx context.Context, a artist.Artist) error
	// SavePage takes the page's content as plain text too, for the search.
	SavePage(ctx context.Context, p page.Page, text string, at time.Time) error
}

// Place is where an entity stands in a list by name.
type Place struct {
	Name string
	ID   id.ID
}

// Blobs keeps files. Its methods may be called concurrently.
type Blobs interface {
	// PrepareUpload returns the one request that stores the file under key
	// until expiresAt. Nothing but size bytes of the key's content type are
	// taken. Until expiresAt the request may be repeated; the last file stays.
	PrepareUpload(ctx context.Context, key asset.Key, size int64, expiresAt time.Time) (Upload, error)
	// Open returns the file, to be closed by the caller, or ErrNotFound. A file
	// that is being replaced is the old one or the new one, never a mixture.
	Open(ctx context.Context, key asset.Key) (Blob, error)
	// Ready fails when files cannot be read.
	Ready(ctx context.Context) error
}

// Upload is a request that anyone who knows it may make.
type Upload struct {
	Key       asset.Key
	URL       string
	Method    string
	Headers   map[string]string
	ExpiresAt time.Time
}

// Blob is a file with its length in bytes.
type Blob struct {
	// ReadCloser is the content; it is empty where there is a URL.
	io.ReadCloser
	Size int64
	// Tag is other for other content. It has no quotes.
	Tag string
	// URL is where anyone may read the content for some minutes, when it is too large
	// to pass through the process; else empty.
	URL string
}

// Renderer turns Markdown into what browsers may show and searches may index.
// It must be safe for concurrent use.
type Renderer interface {
	// HTML has no scripts, styles, forms, frames or event handlers, whatever
	// the Markdown has.
	HTML(markdown string) (string, error)
	// Text is the plain text alone.
	Text(markdown string) (string, error)
}
