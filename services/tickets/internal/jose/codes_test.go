package jose_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
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
	text, err := codes.Sign(context.Background(), code)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func publicKeys(t testing.TB, codes *jose.Codes) []gojose.JSONWebKey {
	t.Helper()
	keys, err := codes.PublicKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys
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
		text, err := codes.Sign(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := codes.Sign(context.Background(), want)
		if text != again {
			t.Fatalf("signed twice: %s and %s", text, again)
		}
		if len(text) > 300 {
			t.Fatalf("a code of %d characters is too long for a QR code", len(text))
		}
		got, err := codes.Verify(context.Background(), text)
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
	public := publicKeys(t, codes)[0].Key.(ed25519.PublicKey)
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
			if got, err := codes.Verify(context.Background(), tt.give); !errors.Is(err, ticket.ErrInvalidCode) {
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
		if got, err := codes.Verify(context.Background(), strings.Join(given, ".")); !errors.Is(err, ticket.ErrInvalidCode) {
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
	if _, err := codes.Verify(context.Background(), signed(string(right))); err != nil {
		t.Fatalf("the right payload is refused: %v", err)
	}
	for _, give := range []string{
		``, `null`, `[]`, `{}`, `{"t":1}`, strings.Replace(string(right), `"n":1`, `"n":0`, 1), strings.Replace(string(right), `"n":1`, `"n":-1`, 1),
		strings.Replace(string(right), `"n":1`, `"n":"1"`, 1), strings.Replace(string(right), `"t":"`, `"t":"AAAA`, 1), strings.Replace(string(right), `"p":"`, `"p":"!`, 1),
	} {
		if got, err := codes.Verify(context.Background(), signed(give)); !errors.Is(err, ticket.ErrInvalidCode) {
			t.Errorf("%s: Verify() = %+v, %v, want ErrInvalidCode", give, got, err)
		}
	}
}

func TestThePublicKeyIsAllThatAGateNeeds(t *testing.T) {
	t.Parallel()
	codes := newCodes(t, 1)
	key := publicKeys(t, codes)[0]
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
	if got, err := second.Verify(context.Background(), sign(t, first, code)); err != nil || got != code {
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

const (
	zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	ones  = "0101010101010101010101010101010101010101010101010101010101010101"
	upper = "ABCDEF0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789"
)

func parse(t *testing.T, text string) *jose.Codes {
	t.Helper()
	codes, err := jose.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// TestAKeyIsReplaced goes the way of an operator: the new key is good everywhere
// before the first signs with it, and what the old one signed stays good.
func TestAKeyIsReplaced(t *testing.T) {
	t.Parallel()
	code := sample()
	before, announced, after, ended := parse(t, ones+"\n"), parse(t, ones+"\n"+upper), parse(t, " "+upper+"\n"+ones+"\n"), parse(t, upper)
	old, replaced := sign(t, before, code), sign(t, after, code)
	if sign(t, announced, code) != old || replaced == old || sign(t, newCodes(t, 1), code) != old {
		t.Error("it is not the first key that signs")
	}
	for name, codes := range map[string]*jose.Codes{"announced": announced, "after": after} {
		for _, text := range []string{old, replaced} {
			if got, err := codes.Verify(t.Context(), text); err != nil || got != code {
				t.Errorf("%s: Verify(%s) = %+v, %v", name, text, got, err)
			}
		}
	}
	if _, err := ended.Verify(t.Context(), old); !errors.Is(err, ticket.ErrInvalidCode) {
		t.Errorf("the old key is gone and its code good: %v", err)
	}
	texts, err := after.Texts(t.Context(), code)
	if err != nil || !slices.Equal(texts, []string{replaced, old}) {
		t.Errorf("Texts() = %v, %v, want %v", texts, err, []string{replaced, old})
	}
	keys := publicKeys(t, after)
	if len(keys) != 2 || keys[0].KeyID != publicKeys(t, ended)[0].KeyID || keys[1].KeyID != publicKeys(t, before)[0].KeyID {
		t.Errorf("public keys are %v", keys)
	}
}

func TestWhatIsNoKeyIsRefusedUnquoted(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"", " \n", "01", ones + "01", ones[1:], ones + "\n" + zeros[2:], ones + "\nxyz", strings.Repeat("g", 64)} {
		if _, err := jose.Parse(give); err == nil || give != "" && strings.TrimSpace(give) != "" && strings.Contains(err.Error(), strings.Fields(give)[0]) {
			t.Errorf("Parse(%q) = %v", give, err)
		}
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
		got, err := codes.Verify(context.Background(), text)
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
		if _, err := codes.Verify(context.Background(), text); err != nil {
			b.Fatal(err)
		}
	}
}
