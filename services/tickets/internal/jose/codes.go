// Package jose signs admission codes as compact JWS (RFC 7515) with Ed25519
// (EdDSA, RFC 8037): short enough for a QR code, the same text every time, and
// checkable offline with the public keys.
package jose

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	jose "github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/ticket"
)

// claims is the payload. Names are short because every byte is in the QR.
type claims struct {
	Ticket      string `json:"t"`
	Performance string `json:"p"`
	Issue       int    `json:"n"`
}

// Codes implements app.Codes with one key. Safe for concurrent use.
type Codes struct {
	signer jose.Signer
	public jose.JSONWebKey
}

// New returns codes signed with the key of the given seed.
func New(seed [ed25519.SeedSize]byte) (*Codes, error) {
	private := ed25519.NewKeyFromSeed(seed[:])
	public := private.Public().(ed25519.PublicKey)
	fingerprint := sha256.Sum256(public)
	keyID := base64.RawURLEncoding.EncodeToString(fingerprint[:6])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: keyID}}, nil)
	if err != nil {
		return nil, err
	}
	return &Codes{signer: signer, public: jose.JSONWebKey{Key: public, KeyID: keyID, Algorithm: string(jose.EdDSA), Use: "sig"}}, nil
}

// Load returns codes signed with the key in the file, which is made, readable by
// its owner only, when there is none.
func Load(path string) (*Codes, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, err
	}
	if len(text) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: not a key of %d bytes", path, ed25519.SeedSize)
	}
	return New([ed25519.SeedSize]byte(text))
}

func create(path string) (*Codes, error) {
	var seed [ed25519.SeedSize]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	// Renamed once it is whole: a crash must not leave half a key, which no start
	// would get past.
	unfinished := path + ".unfinished"
	file, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(seed[:])
	// A code that was given out must stay readable whatever happens to the power.
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return nil, err
	}
	return New(seed)
}

// PublicKey returns the key that codes are checked with.
func (c *Codes) PublicKey() jose.JSONWebKey { return c.public }

// Sign implements app.Codes.
func (c *Codes) Sign(code ticket.Code) (string, error) {
	payload, err := json.Marshal(claims{
		Ticket:      base64.RawURLEncoding.EncodeToString(code.TicketID[:]),
		Performance: base64.RawURLEncoding.EncodeToString(code.PerformanceID[:]),
		Issue:       code.Issue,
	})
	if err != nil {
		return "", err
	}
	signed, err := c.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// Verify implements app.Codes.
func (c *Codes) Verify(text string) (ticket.Code, error) {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	payload, err := signed.Verify(c.public)
	if err != nil {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	var read claims
	if err := json.Unmarshal(payload, &read); err != nil {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	ticketID, errTicket := decode(read.Ticket)
	performanceID, errPerformance := decode(read.Performance)
	if errTicket != nil || errPerformance != nil || read.Issue < 1 {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	return ticket.Code{TicketID: ticketID, PerformanceID: performanceID, Issue: read.Issue}, nil
}

func decode(text string) (id.ID, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != 16 {
		return id.Nil, ticket.ErrInvalidCode
	}
	return id.ID(raw), nil
}
