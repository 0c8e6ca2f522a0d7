package id_test

import (
	"errors"
	"testing"

	"ticketmesh.dev/platform/id"
)

func TestNewIsVersion7AndOrdered(t *testing.T) {
	t.Parallel()
	previous := id.New()
	for range 1000 {
		next := id.New()
		if next.Version() != 7 {
			t.Fatalf("version = %d, want 7", next.Version())
		}
		if next.String() <= previous.String() {
			t.Fatalf("%s does not follow %s", next, previous)
		}
		previous = next
	}
}

func TestParseTakesTheCanonicalFormOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give string
		wantErr    bool
	}{
		{"canonical", "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b", false},
		{"empty", "", true},
		{"urn", "urn:uuid:0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b", true},
		{"braces", "{0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b}", true},
		{"no hyphens", "0190b5a27c3e7d4f8a1b2c3d4e5f6a7b", true},
		{"not hexadecimal", "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6azz", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := id.Parse(tt.give)
			if (err != nil) != tt.wantErr {
				t.Fatalf("Parse(%q) error = %v, want error %t", tt.give, err, tt.wantErr)
			}
			if tt.wantErr && !errors.Is(err, id.ErrMalformed) {
				t.Errorf("error = %v, want ErrMalformed", err)
			}
			if !tt.wantErr && got.String() != tt.give {
				t.Errorf("Parse(%q) = %s", tt.give, got)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := id.Parse(s)
		if err != nil {
			return
		}
		again, err := id.Parse(v.String())
		if err != nil || again != v {
			t.Fatalf("Parse(%q) = %s, read back as %s, %v", s, v, again, err)
		}
	})
}
