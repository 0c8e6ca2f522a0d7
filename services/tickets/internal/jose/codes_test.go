package jose_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

func newCodes(t testing.TB, seed byte) *jose.Codes {
	t.Helper()
	codes, err := jose.New([ed25519.SeedSize]byte(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func sign(t testing.TB, codes *jose.Codes, code ticket.Code) string {
	t.Helper()
	text, err := codes.Sign(code)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sample() ticket.Code {
	return ticket.Code{TicketID: id.New(), PerformanceID: id.New(), Issue: 1}
}

func TestWhatWasSignedIsRead(t *testing.T) {
	t.Parallel()
	codes := newCodes(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		want := ticket.Code{
			TicketID:      id.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ticket")),
			PerformanceID: id.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "performance")),
			Issue:         rapid.IntRange(1, 1_000_000).Draw(t, "issue"),
		}
		text, err := codes.Sign(want)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := codes.Sign(want)
		if text != again {
			t.Fatalf("signed twice: %s and %s", text, again)
		}
		if len(text) > 300 {
			t.Fatalf("a code of %d characters is too long for a QR code", len(text))
		}
		got, err := codes.Verify(text)
		if err != nil || got != want {
			t.Fatalf("Verify() = %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestForgedCodesAreInvalid(t *testing.T) {
	t.Parallel()
	codes := newCodes(t, 1)
	code := sample()
	text := sign(t, codes, code)
	header, payload, signature := parts(text)
	public := codes.PublicKey().Key.(ed25519.PublicKey)
	encode := base64.RawURLEncoding.EncodeToString
	mac := hmac.New(sha256.New, public)
	hs256 := encode([]byte(`{"alg":"HS256"}`)) + "." + payload
	mac.Write([]byte(hs256))
	tests := []struct{ name, give string }{
		{"nothing", ""},
		{"nonsense", "not a code"},
		{"two parts", header + "." + payload},
		{"four parts", text + "." + signature},
		{"no signature", header + "." + payload + "."},
		{"signature of another code", header + "." + payload + "." + last(sign(t, codes, sample()))},
		{"another payload under the signature", header + "." + second(sign(t, codes, sample())) + "." + signature},
		{"another key", sign(t, newCodes(t, 2), code)},
		{"another header under the signature", encode([]byte(`{"alg":"EdDSA","kid":"other"}`)) + "." + payload + "." + signature},
		{"alg none", encode([]byte(`{"alg":"none"}`)) + "." + payload + "."},
		{"alg none with a signature", encode([]byte(`{"alg":"none"}`)) + "." + payload + "." + signature},
		{"the public key as a secret", hs256 + "." + encode(mac.Sum(nil))},
		{"a space before", " " + text},
		{"JSON serialization", `{"payload":"` + payload + `","protected":"` + header + `","signature":"` + signature + `"}`},
		{"very long", strings.Repeat("A", 100_000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := codes.Verify(tt.give); !errors.Is(err, ticket.ErrInvalidCode) {
				t.Errorf("Verify() = %+v, %v, want ErrInvalidCode", got, err)
			}
		})
	}
}

func parts(text string) (header, payload, signature string) {
	cut := strings.Split(text, ".")
	return cut[0], cut[1], cut[2]
}

func second(text string) string { _, payload, _ := parts(text); return payload }

func last(text string) string { _, _, signature := parts(text); return signature }

// TestEveryChangedCharacterIsNoticed flips one bit of what a code says.
func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	codes := newCodes(t, 1)
	text := sign(t, codes, sample())
	header, payload, signature := parts(text)
	rapid.Check(t, func(t *rapid.T) {
		given := []string{header, payload, signature}
		part := rapid.IntRange(0, 2).Draw(t, "part")
		raw, err := base64.RawURLEncoding.DecodeString(given[part])
		if err != nil {
			t.Fatal(err)
		}
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		given[part] = base64.RawURLEncoding.EncodeToString(raw)
		if got, err := codes.Verify(strings.Join(given, ".")); !errors.Is(err, ticket.ErrInvalidCode) {
			t.Fatalf("Verify() = %+v, %v after a changed bit in part %d", got, err, part)
		}
	})
}

func TestPayloadsThatAreNoCodesAreInvalid(t *testing.T) {
	t.Parallel()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	codes := newCodes(t, 1)
	header, payload, _ := parts(sign(t, codes, sample()))
	// The signer's own hand: only the payload is at fault.
	signed := func(payload string) string {
		input := header + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(input)))
	}
	right, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := codes.Verify(signed(string(right))); err != nil {
		t.Fatalf("the right payload is refused: %v", err)
	}
	for _, give := range []string{
		``, `null`, `[]`, `{}`, `{"t":1}`, strings.Replace(string(right), `"n":1`, `"n":0`, 1), strings.Replace(string(right), `"n":1`, `"n":-1`, 1),
		strings.Replace(string(right), `"n":1`, `"n":"1"`, 1), strings.Replace(string(right), `"t":"`, `"t":"AAAA`, 1), strings.Replace(string(right), `"p":"`, `"p":"!`, 1),
	} {
		if got, err := codes.Verify(signed(give)); !errors.Is(err, ticket.ErrInvalidCode) {
			t.Errorf("%s: Verify() = %+v, %v, want ErrInvalidCode", give, got, err)
		}
	}
}

func TestThePublicKeyIsAllThatAGateNeeds(t *testing.T) {
	t.Parallel()
	codes := newCodes(t, 1)
	key := codes.PublicKey()
	if !key.IsPublic() || key.KeyID == "" || key.Algorithm != "EdDSA" || key.Use != "sig" {
		t.Errorf("public key = %+v", key)
	}
	header, payload, signature := parts(sign(t, codes, sample()))
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(key.Key.(ed25519.PublicKey), []byte(header+"."+payload), raw) {
		t.Error("the signature is not one of RFC 8037")
	}
	text, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		t.Fatal(err)
	}
	var h struct{ Alg, Kid string }
	if err := json.Unmarshal(text, &h); err != nil || h.Alg != "EdDSA" || h.Kid != key.KeyID {
		t.Errorf("header %s, want EdDSA by %s", text, key.KeyID)
	}
}

func TestTheKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	first, err := jose.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v, want mode 0600", info.Mode(), err)
	}
	second, err := jose.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	code := sample()
	if got, err := second.Verify(sign(t, first, code)); err != nil || got != code {
		t.Errorf("after a restart Verify() = %+v, %v", got, err)
	}
	// What a crash leaves of a key that was being made is made anew.
	cut := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(cut+".unfinished", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := jose.Load(cut); err != nil {
		t.Errorf("after a crash: %v", err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := jose.Load(path); err == nil {
		t.Error("a key file of five bytes is taken")
	}
	if _, err := jose.Load(filepath.Join(t.TempDir(), "no", "such", "folder")); err == nil {
		t.Error("a folder that does not exist is no error")
	}
}

func FuzzVerify(f *testing.F) {
	codes := newCodes(f, 1)
	// Fixed ids: the fuzzer's workers are processes of their own.
	code := ticket.Code{TicketID: id.ID([]byte("a ticket's 16 id")), PerformanceID: id.ID([]byte("a show's 16 byte")), Issue: 1}
	right := sign(f, codes, code)
	header, payload, signature := parts(right)
	for _, seed := range []string{right, "", "..", header + "..", header + "." + payload + ".", "eyJhbGciOiJub25lIn0." + payload + ".", right[:len(right)-1], signature} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := codes.Verify(text)
		if err != nil {
			if !errors.Is(err, ticket.ErrInvalidCode) {
				t.Errorf("Verify(%q) = %v, want ErrInvalidCode", text, err)
			}
			return
		}
		if got != code {
			t.Errorf("Verify(%q) = %+v, which nobody signed", text, got)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	codes, code := newCodes(b, 1), sample()
	b.ReportAllocs()
	for b.Loop() {
		sign(b, codes, code)
	}
}

func BenchmarkVerify(b *testing.B) {
	codes := newCodes(b, 1)
	text := sign(b, codes, sample())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codes.Verify(text); err != nil {
			b.Fatal(err)
		}
	}
}
