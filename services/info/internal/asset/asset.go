// Package asset holds the rules for files that pages show: which there may be,
// how large, and how they are named. It must not know where they are kept.
package asset

import (
	"regexp"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/violation"
)

const (
	// MaxSize is the largest file, in bytes.
	MaxSize = 10 << 20
	// UploadLifetime is how long a prepared upload may be carried out.
	UploadLifetime = 15 * time.Minute
	// maxNameLength is how much of a file's name goes into its key.
	maxNameLength = 64
)

// extensions of the content types that are taken. None of them can run script
// in a page: SVG and HTML are left out for that.
var extensions = map[string]string{
	"image/png":       "png",
	"image/jpeg":      "jpg",
	"image/webp":      "webp",
	"image/gif":       "gif",
	"image/avif":      "avif",
	"application/pdf": "pdf",
}

// Key names a file and tells its content type. Use NewKey or ParseKey: they
// return nothing that could leave a folder or be read as an option.
type Key string

var keys = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:-[a-z0-9]+)*\.([a-z0-9]{3,5})$`)

// File describes a file that is to be uploaded.
type File struct {
	Name        string
	ContentType string
	// Size is the exact length in bytes.
	Size int64
}

// NewKey names the file, or returns a *violation.Error. The same id and file
// give the same key.
func NewKey(assetID id.ID, f File) (Key, error) {
	var broken violation.List
	broken.Text("name", f.Name, 1, 200, false)
	extension, known := extensions[f.ContentType]
	broken.Check(known, "contentType", "must be a PNG, JPEG, WebP, GIF or AVIF image or a PDF document")
	broken.Check(f.Size >= 1 && f.Size <= MaxSize, "size", "must be 1 byte to 10 MiB")
	if err := broken.Err(); err != nil {
		return "", err
	}
	key := assetID.String()
	if name := slug(f.Name); name != "" {
		key += "-" + name
	}
	return Key(key + "." + extension), nil
}

// ParseKey returns the key that text is; everything else is false.
func ParseKey(text string) (Key, bool) {
	if len(text) > 120 {
		return "", false
	}
	match := keys.FindStringSubmatch(text)
	if match == nil || contentType(match[1]) == "" {
		return "", false
	}
	return Key(text), true
}

// ContentType is the one that the file was announced with.
func (k Key) ContentType() string {
	_, extension, _ := strings.Cut(string(k), ".")
	return contentType(extension)
}

func contentType(extension string) string {
	for contentType, known := range extensions {
		if known == extension {
			return contentType
		}
	}
	return ""
}

// slug keeps the ASCII letters and digits of a file's name without its
// extension, with single hyphens between.
func slug(name string) string {
	if dot := strings.LastIndexByte(name, '.'); dot > strings.LastIndexAny(name, `/\`) {
		name = name[:dot]
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	joined := strings.Join(words, "-")
	if len(joined) > maxNameLength {
		joined = strings.TrimRight(joined[:maxNameLength], "-")
	}
	return joined
}
