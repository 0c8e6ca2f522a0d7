package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"ticketmesh.dev/platform/problem"
)

// MaxBodyBytes is how large a body may be.
const MaxBodyBytes = 1 << 20

// body reads the request's body when the handler does, so that 401 and 404 come
// before complaints about a body. It is read as a whole; JSON is checked with
// scanJSON. Its errors are *problem.Problem.
type body struct {
	from   io.ReadCloser
	length int64
	limit  int64
	json   bool

	content []byte // what all has read
	err     error
	loaded  bool // content and err are set
	checked bool // rest and the result of checkJSON in err are set
	rest    bytes.Reader
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if !b.checked {
		b.checked = true
		content, err := b.all()
		if err == nil && b.json {
			b.err = checkJSON(content)
		}
		b.rest.Reset(content)
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.rest.Read(p)
}

// RawBody is the body of r as it was sent, before anything of it is read as JSON:
// what a signature is over. The body can be read after it as if it had not been.
// Its errors are *problem.Problem.
func RawBody(r *http.Request) ([]byte, error) {
	b, wrapped := r.Body.(*body)
	if !wrapped { // there is none
		return nil, nil
	}
	content, err := b.all()
	return bytes.Clone(content), err
}

// Close implements io.Closer.
func (b *body) Close() error { return b.from.Close() }

// all returns the whole body, unchecked.
func (b *body) all() ([]byte, error) {
	if !b.loaded {
		b.loaded = true
		b.content, b.err = b.load()
	}
	return b.content, b.err
}

func (b *body) load() ([]byte, error) {
	if b.length > b.limit {
		return nil, problem.PayloadTooLarge(b.limit)
	}
	var content []byte
	var err error
	if b.length > 0 {
		content = make([]byte, b.length)
		_, err = io.ReadFull(b.from, content)
	} else {
		content, err = io.ReadAll(b.from)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.PayloadTooLarge(tooLarge.Limit)
	case err != nil:
		// The client broke off, or does not know how to send in chunks.
		return nil, problem.InvalidRequest(problem.Field{Field: bodyField, Message: "is incomplete"})
	}
	return content, nil
}

func checkJSON(content []byte) error {
	if len(content) == 0 {
		return nil // the generated code asks for it where it is required
	}
	offset, fault := scanJSON(content, blankFraction)
	if fault == "" {
		return nil
	}
	path := ""
	if fault != notJSON && fault != tooDeep {
		path = pathAt(content, offset)
	}
	if path == "" {
		path = bodyField
	}
	return problem.InvalidRequest(problem.Field{Field: path, Message: fault})
}

// blankFraction turns 2.0 into 2 and spaces. To JSON Schema that is a whole
// number, to the generated decoders it is none; and some languages write every
// number so.
func blankFraction(fraction []byte) {
	for i := range fraction {
		fraction[i] = ' '
	}
}

func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}
