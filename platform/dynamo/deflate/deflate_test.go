package deflate_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"ticketmesh.dev/platform/dynamo/deflate"
)

func TestBytesAreUnpackedAsPacked(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"", "x", strings.Repeat(`{"seats":"1-40"},`, 10_000)} {
		packed, err := deflate.Pack([]byte(give))
		if err != nil {
			t.Fatal(err)
		}
		if len(give) > 1000 && len(packed) > len(give)/50 {
			t.Errorf("%d bytes became %d", len(give), len(packed))
		}
		got, err := deflate.Unpack(packed, int64(len(give)))
		if err != nil || string(got) != give {
			t.Errorf("%d bytes came back as %d, %v", len(give), len(got), err)
		}
	}
}

func TestWhatIsLargerThanExpectedIsMalformed(t *testing.T) {
	t.Parallel()
	packed, err := deflate.Pack(make([]byte, 1001))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deflate.Unpack(packed, 1000); !errors.Is(err, deflate.ErrMalformed) {
		t.Errorf("error = %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	packed, err := deflate.Pack([]byte(`{"a":1}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add(packed[:3])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, packed []byte) {
		b, err := deflate.Unpack(packed, 1<<16)
		if err != nil {
			if !errors.Is(err, deflate.ErrMalformed) {
				t.Errorf("error = %v", err)
			}
			return
		}
		again, err := deflate.Pack(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := deflate.Unpack(again, 1<<16)
		if err != nil || !bytes.Equal(back, b) {
			t.Errorf("%q came back as %q, %v", b, back, err)
		}
	})
}
