// Package folder keeps files in a folder and takes their uploads over HTTP under
// signed URLs, as an object store would. It implements app.Blobs; which files
// there may be is decided elsewhere.
package folder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/asset"
)

const (
	secretLength = 32
	// UploadPrefix is where the files are uploaded to.
	UploadPrefix = "/info/assets/"
)

// Store implements app.Blobs. Its ServeHTTP takes the uploads.
type Store struct {
	root    *os.Root
	secret  []byte
	baseURL string
	clock   clock.Clock
	logger  *slog.Logger
}

var _ app.Blobs = (*Store)(nil)

// Open returns the store in the folder dir, which is made when it is not there.
// secretFile holds the key of the signatures; it is made with the mode 0600
// when it is not there. Uploads go to baseURL + UploadPrefix.
func Open(dir, secretFile, baseURL string, c clock.Clock, logger *slog.Logger) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	secret, err := readSecret(secretFile)
	if err != nil {
		return nil, err
	}
	// Names that lead out of a root are refused, also by links.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Store{root: root, secret: secret, baseURL: strings.TrimRight(baseURL, "/"), clock: c, logger: logger}, nil
}

// Close ends the use of the folder.
func (s *Store) Close() error { return s.root.Close() }

// PrepareUpload implements app.Blobs.
func (s *Store) PrepareUpload(_ context.Context, key asset.Key, size int64, expiresAt time.Time) (app.Upload, error) {
	// Whole seconds stand in the URL.
	expiresAt = expiresAt.Truncate(time.Second)
	expires := expiresAt.Unix()
	signature := s.sign(key, key.ContentType(), size, expires)
	return app.Upload{
		Key:       key,
		URL:       s.baseURL + UploadPrefix + string(key) + "?expires=" + strconv.FormatInt(expires, 10) + "&signature=" + signature,
		Method:    "PUT",
		Headers:   map[string]string{"Content-Type": key.ContentType()},
		ExpiresAt: expiresAt,
	}, nil
}

// Open implements app.Blobs.
func (s *Store) Open(_ context.Context, key asset.Key) (app.Blob, error) {
	file, err := s.root.Open(string(key))
	if errors.Is(err, fs.ErrNotExist) {
		return app.Blob{}, app.ErrNotFound
	}
	if err != nil {
		return app.Blob{}, err
	}
	// The content itself makes the tag: times are too coarse for two uploads in a
	// row. Files are small.
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return app.Blob{}, err
	}
	return app.Blob{ReadCloser: file, Size: size, Tag: hex.EncodeToString(hash.Sum(nil)[:16])}, nil
}

// Ready implements app.Blobs.
func (s *Store) Ready(context.Context) error {
	_, err := s.root.Stat(".")
	return err
}

// put stores size bytes of content under key. Readers see all of it or nothing,
// also after a crash.
func (s *Store) put(key asset.Key, content io.Reader, size int64) error {
	temporary := ".upload-" + rand.Text()
	file, err := s.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		// Both fail when all went well.
		file.Close()
		s.root.Remove(temporary)
	}()
	written, err := io.Copy(file, io.LimitReader(content, size+1))
	if err != nil {
		return err
	}
	if written != size {
		return errLength
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := s.root.Rename(temporary, string(key)); err != nil {
		return err
	}
	return s.syncFolder()
}

// syncFolder makes a rename survive a crash.
func (s *Store) syncFolder() error {
	folder, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// readSecret reads the secret, or makes it.
func readSecret(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(file)
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != secretLength {
		return nil, fmt.Errorf("%s does not hold a secret of %d bytes in hexadecimal", file, secretLength)
	}
	return secret, nil
}

func makeSecret(file string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	secret := make([]byte, secretLength)
	// Read never fails.
	rand.Read(secret)
	temporary := file + "." + rand.Text()
	if err := os.WriteFile(temporary, []byte(hex.EncodeToString(secret)+"\n"), 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(temporary)
	// A link, unlike a rename, does not replace the secret of a process that was
	// faster.
	if err := os.Link(temporary, file); errors.Is(err, fs.ErrExist) {
		return readSecret(file)
	} else if err != nil {
		return nil, err
	}
	return secret, nil
}
