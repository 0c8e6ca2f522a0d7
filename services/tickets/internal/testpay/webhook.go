package testpay

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// tolerance bounds how old a signature may be, so that a recorded webhook is of
// no use later. Providers sign anew when they send again.
const tolerance = 5 * time.Minute

// Webhooks checks the signatures of the provider's webhooks.
type Webhooks struct{ secret []byte }

// NewWebhooks returns a checker with the secret.
func NewWebhooks(secret []byte) *Webhooks { return &Webhooks{secret: secret} }

// LoadWebhooks returns a checker with the secret in the file, which is made,
// readable by its owner only, when there is none. An empty one, which a crash
// may leave, is none: anybody could sign with it.
func LoadWebhooks(path string) (*Webhooks, error) {
	text, err := os.ReadFile(path)
	secret := bytes.TrimSpace(text)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(secret) == 0 {
		var random [32]byte
		if _, err := rand.Read(random[:]); err != nil {
			return nil, err
		}
		secret = []byte(hex.EncodeToString(random[:]))
		err = os.WriteFile(path, secret, 0o600)
	}
	if err != nil {
		return nil, err
	}
	return NewWebhooks(secret), nil
}

// Verify checks a header "t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>".
// Any other parts are for versions to come and are passed over.
func (w *Webhooks) Verify(header string, body []byte, now time.Time) error {
	var (
		at         string
		signatures []string
	)
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			at = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return payment.ErrUnsigned
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return payment.ErrUnsigned
	}
	want := w.sign(at, body)
	for _, signature := range signatures {
		got, err := hex.DecodeString(signature)
		if err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return payment.ErrUnsigned
}

// Sign returns the header for a body sent at the time.
func (w *Webhooks) Sign(body []byte, at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(w.sign(seconds, body))
}

func (w *Webhooks) sign(seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, w.secret)
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
