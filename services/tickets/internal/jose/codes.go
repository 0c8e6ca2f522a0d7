// Package jose signs admission codes as compact JWS (RFC 7515) with Ed25519
// (EdDSA, RFC 8037): short enough for a QR code, the same text every time, and
// checkable offline with the public keys.
package jose

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

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

// Codes implements app.Codes. Safe for concurrent use.
type Codes struct{ keys []key } // the first one signs, all are good

type key struct {
	signer jose.Signer
	public jose.JSONWebKey
}

// seed is all that there is of a key.
type seed = [ed25519.SeedSize]byte

// New returns codes signed with the key of the first seed. What the keys of the
// others have signed is taken as well.
func New(first seed, earlier ...seed) (*Codes, error) {
	codes := &Codes{}
	for _, one := range append([]seed{first}, earlier...) {
		made, err := newKey(one)
		if err != nil {
			return nil, err
		}
		codes.keys = append(codes.keys, made)
	}
	return codes, nil
}

func newKey(s seed) (key, error) {
	private := ed25519.NewKeyFromSeed(s[:])
	public := private.Public().(ed25519.PublicKey)
	fingerprint := sha256.Sum256(public)
	keyID := base64.RawURLEncoding.EncodeToString(fingerprint[:6])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: keyID}}, nil)
	if err != nil {
		return key{}, err
	}
	return key{signer, jose.JSONWebKey{Key: public, KeyID: keyID, Algorithm: string(jose.EdDSA), Use: "sig"}}, nil
}

// Parse returns codes of the keys in the text: 64 hexadecimal digits for each,
// with white space between, the one that signs first. Its errors do not quote it.
func Parse(text string) (*Codes, error) {
	var seeds []seed
	for i, digits := range strings.Fields(text) {
		raw, err := hex.DecodeString(digits)
		if err != nil || len(raw) != ed25519.SeedSize {
			return nil, fmt.Errorf("key %d is not %d hexadecimal digits", i+1, hex.EncodedLen(ed25519.SeedSize))
		}
		seeds = append(seeds, seed(raw))
	}
	if len(seeds) == 0 {
		return nil, errors.New("there is no key")
	}
	return New(seeds[0], seeds[1:]...)
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
	return New(seed(text))
}

func create(path string) (*Codes, error) {
	var made seed
	if _, err := rand.Read(made[:]); err != nil {
		return nil, err
	}
	// Renamed once it is whole: a crash must not leave half a key, which no start
	// would get past.
	unfinished := path + ".unfinished"
	file, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(made[:])
	// A code that was given out must stay readable whatever happens to the power.
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return nil, err
	}
	return New(made)
}

// PublicKeys returns the keys that codes are checked with, the one that signs
// first.
func (c *Codes) PublicKeys(context.Context) ([]jose.JSONWebKey, error) {
	public := make([]jose.JSONWebKey, len(c.keys))
	for i, k := range c.keys {
		public[i] = k.public
	}
	return public, nil
}

// Sign implements app.Codes.
func (c *Codes) Sign(_ context.Context, code ticket.Code) (string, error) {
	payload, err := payloadOf(code)
	if err != nil {
		return "", err
	}
	return c.keys[0].sign(payload)
}

// Texts implements app.Codes.
func (c *Codes) Texts(_ context.Context, code ticket.Code) ([]string, error) {
	payload, err := payloadOf(code)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(c.keys))
	for i, k := range c.keys {
		if texts[i], err = k.sign(payload); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func payloadOf(code ticket.Code) ([]byte, error) {
	return json.Marshal(claims{
		Ticket:      base64.RawURLEncoding.EncodeToString(code.TicketID[:]),
		Performance: base64.RawURLEncoding.EncodeToString(code.PerformanceID[:]),
		Issue:       code.Issue,
	})
}

func (k key) sign(payload []byte) (string, error) {
	signed, err := k.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// Verify implements app.Codes.
func (c *Codes) Verify(_ context.Context, text string) (ticket.Code, error) {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	for _, k := range c.keys {
		if payload, err := signed.Verify(k.public); err == nil {
			return read(payload)
		}
	}
	return ticket.Code{}, ticket.ErrInvalidCode
}

func read(payload []byte) (ticket.Code, error) {
	var said claims
	if err := json.Unmarshal(payload, &said); err != nil {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	ticketID, errTicket := decode(said.Ticket)
	performanceID, errPerformance := decode(said.Performance)
	if errTicket != nil || errPerformance != nil || said.Issue < 1 {
		return ticket.Code{}, ticket.ErrInvalidCode
	}
	return ticket.Code{TicketID: ticketID, PerformanceID: performanceID, Issue: said.Issue}, nil
}

func decode(text string) (id.ID, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != 16 {
		return id.Nil, ticket.ErrInvalidCode
	}
	return id.ID(raw), nil
}
