package folder

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/services/info/internal/asset"
)

// errLength reports content of another length than was signed.
var errLength = errors.New("content has another length than announced")

// ServeHTTP takes an upload under a URL that PrepareUpload signed: 204 when the
// file is stored. The signature covers key, content type, length and expiry.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := s.upload(w, r); p != nil {
		problem.Write(w, r, p)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Store) upload(w http.ResponseWriter, r *http.Request) *problem.Problem {
	key, ok := asset.ParseKey(strings.TrimPrefix(r.URL.Path, UploadPrefix))
	if !ok {
		return problem.New(http.StatusNotFound, "not_found", "There is no such file.")
	}
	if r.ContentLength < 0 {
		return problem.New(http.StatusBadRequest, "invalid_request", "The length of the file must be announced.")
	}
	if r.ContentLength > asset.MaxSize {
		return problem.New(http.StatusRequestEntityTooLarge, "payload_too_large", "A file may have 10 MiB.")
	}
	query := r.URL.Query()
	expires, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	contentType, _, typeErr := mime.ParseMediaType(r.Header.Get("Content-Type"))
	expected := s.sign(key, contentType, r.ContentLength, expires)
	if err != nil || typeErr != nil || !hmac.Equal([]byte(query.Get("signature")), []byte(expected)) {
		return problem.New(http.StatusForbidden, "forbidden", "The signature does not fit the file: key, content type, length and expiry must be as prepared.")
	}
	if s.clock.Now().Unix() >= expires {
		return problem.New(http.StatusForbidden, "forbidden", "The upload had to be made earlier.")
	}
	err = s.put(key, http.MaxBytesReader(w, r.Body, asset.MaxSize), r.ContentLength)
	switch {
	case errors.Is(err, errLength):
		return problem.New(http.StatusBadRequest, "invalid_request", "The file has another length than announced.")
	case err != nil:
		s.logger.ErrorContext(r.Context(), "upload failed", "key", string(key), "error", err)
		return problem.New(http.StatusInternalServerError, "internal", "The file could not be stored.")
	}
	return nil
}

func (s *Store) sign(key asset.Key, contentType string, size, expires int64) string {
	mac := hmac.New(sha256.New, s.secret)
	fmt.Fprintf(mac, "PUT\n%s\n%s\n%d\n%d", key, contentType, size, expires)
	return hex.EncodeToString(mac.Sum(nil))
}
