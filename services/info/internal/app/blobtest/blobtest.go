// Package blobtest is the conformance suite of app.Blobs: what every adapter
// does alike, seen over HTTP as clients see it. It is for tests only.
package blobtest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/asset"
)

// Fixture is an empty store whose upload URLs can be reached.
type Fixture struct {
	Blobs app.Blobs
	// Clock decides whether an upload is late; nil when only the machine's does.
	Clock *clock.Manual
}

// Run runs the suite; open returns a fixture of its own for every test.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	tests := []struct {
		name string
		run  func(t *testing.T, f Fixture)
	}{
		{"an uploaded file is read back", roundTrip},
		{"a large file is read back", large},
		{"what was not uploaded is not found", missing},
		{"an upload replaces the file and its tag", replace},
		{"an upload that differs from what was prepared is refused", refusals},
		{"a late upload is refused", late},
		{"the store is ready", ready},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

var content = []byte("\x89PNG\r\n\x1a\n not a picture, but bytes \x00\xff")

func roundTrip(t *testing.T, f Fixture) {
	key := newKey(t)
	u := f.prepare(t, key, len(content))
	if u.Key != key || u.Method != http.MethodPut || u.Headers["Content-Type"] != "image/png" {
		t.Errorf("upload = %+v", u)
	}
	if status := Send(t, u, content); status/100 != 2 {
		t.Fatalf("upload answers %d", status)
	}
	blob, err := f.Blobs.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, blob); !bytes.Equal(got, content) || blob.Size != int64(len(content)) || blob.Tag == "" || strings.Contains(blob.Tag, `"`) {
		t.Errorf("read %q, size %d, tag %q", got, blob.Size, blob.Tag)
	}
}

// large is a file of the largest size, which some processes cannot answer with.
func large(t *testing.T, f Fixture) {
	key := newKey(t)
	file := bytes.Repeat([]byte("0123456789abcdef"), asset.MaxSize/16)
	if status := Send(t, f.prepare(t, key, len(file)), file); status/100 != 2 {
		t.Fatalf("upload answers %d", status)
	}
	blob, err := f.Blobs.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, blob); !bytes.Equal(got, file) || blob.Size != int64(len(file)) || blob.Tag == "" {
		t.Errorf("read %d bytes, size %d, tag %q", len(got), blob.Size, blob.Tag)
	}
}

func missing(t *testing.T, f Fixture) {
	key := newKey(t)
	f.prepare(t, key, len(content))
	if _, err := f.Blobs.Open(t.Context(), key); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("err = %v, want %v", err, app.ErrNotFound)
	}
}

func replace(t *testing.T, f Fixture) {
	key := newKey(t)
	u := f.prepare(t, key, len(content))
	Send(t, u, content)
	first, err := f.Blobs.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.ReplaceAll(content, []byte("bytes"), []byte("BYTES"))
	Send(t, u, other)
	second, err := f.Blobs.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	// Who opened the file before still reads the old one.
	if old := read(t, first); !bytes.Equal(old, content) {
		t.Errorf("the old file reads as %q", old)
	}
	if replaced := read(t, second); !bytes.Equal(replaced, other) {
		t.Errorf("the new file reads as %q", replaced)
	}
	if first.Tag == second.Tag {
		t.Errorf("both have the tag %s", first.Tag)
	}
}

func refusals(t *testing.T, f Fixture) {
	for _, tt := range []struct {
		name   string
		change func(u *app.Upload, body *[]byte)
	}{
		{"longer", func(_ *app.Upload, body *[]byte) { *body = append(bytes.Clone(*body), 'x') }},
		{"shorter", func(_ *app.Upload, body *[]byte) { *body = (*body)[1:] }},
		{"empty", func(_ *app.Upload, body *[]byte) { *body = nil }},
		{"another content type", func(u *app.Upload, _ *[]byte) { u.Headers = map[string]string{"Content-Type": "text/html"} }},
		{"no content type", func(u *app.Upload, _ *[]byte) { u.Headers = nil }},
		{"another key", func(u *app.Upload, _ *[]byte) {
			u.URL = strings.Replace(u.URL, string(u.Key), string(newKey(t)), 1)
		}},
		{"another signature", func(u *app.Upload, _ *[]byte) {
			at := len(u.URL) - 8
			u.URL = u.URL[:at] + strings.Map(func(r rune) rune {
				if r == '0' {
					return '1'
				}
				return '0'
			}, u.URL[at:])
		}},
		{"no signature", func(u *app.Upload, _ *[]byte) { u.URL, _, _ = strings.Cut(u.URL, "?") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := newKey(t)
			u := f.prepare(t, key, len(content))
			body := content
			tt.change(&u, &body)
			if status := Send(t, u, body); status/100 != 4 {
				t.Errorf("answers %d, want a refusal", status)
			}
			if _, err := f.Blobs.Open(t.Context(), key); !errors.Is(err, app.ErrNotFound) {
				t.Errorf("the file: %v, want %v", err, app.ErrNotFound)
			}
		})
	}
}

func late(t *testing.T, f Fixture) {
	key := newKey(t)
	expiresAt := f.now().Add(-time.Minute)
	if f.Clock != nil {
		expiresAt = f.now().Add(time.Minute)
	}
	u, err := f.Blobs.PrepareUpload(t.Context(), key, int64(len(content)), expiresAt)
	if err != nil {
		t.Fatal(err)
	}
	if f.Clock != nil {
		f.Clock.Set(u.ExpiresAt)
	}
	if status := Send(t, u, content); status/100 != 4 {
		t.Errorf("answers %d, want a refusal", status)
	}
	if _, err := f.Blobs.Open(t.Context(), key); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("the file: %v, want %v", err, app.ErrNotFound)
	}
}

func ready(t *testing.T, f Fixture) {
	if err := f.Blobs.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// Send makes the upload and returns the status of the answer.
func Send(t *testing.T, u app.Upload, body []byte) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), u.Method, u.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range u.Headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// read reads and closes a file, from where it is.
func read(t *testing.T, blob app.Blob) []byte {
	t.Helper()
	defer blob.Close()
	content := io.Reader(blob)
	if blob.URL != "" {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, blob.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("the file's URL answers %s", response.Status)
		}
		content = response.Body
	}
	got, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (f Fixture) now() time.Time {
	if f.Clock != nil {
		return f.Clock.Now()
	}
	return clock.System{}.Now()
}

func (f Fixture) prepare(t *testing.T, key asset.Key, size int) app.Upload {
	t.Helper()
	u, err := f.Blobs.PrepareUpload(t.Context(), key, int64(size), f.now().Add(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newKey(t *testing.T) asset.Key {
	t.Helper()
	key, err := asset.NewKey(id.New(), asset.File{Name: "Poster 1.png", ContentType: "image/png", Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	return key
}
