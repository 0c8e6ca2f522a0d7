package issuer

import (
	"strconv"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
)

// From inside, as an address that is being guessed among ten thousand others
// cannot be set up through the door without hashing ten thousand passwords.
func TestAFloodOfAddressesIsBoundedAndFreesNoGuesser(t *testing.T) {
	t.Parallel()
	l := newLimiter(clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)))
	for range maxFailures {
		l.failed("guessed@example.com")
	}
	for n := range 3 * maxAddresses {
		l.failed(strconv.Itoa(n) + "@example.com")
		if len(l.windows) > maxAddresses {
			t.Fatalf("%d addresses are remembered", len(l.windows))
		}
	}
	if l.wait("guessed@example.com") == 0 {
		t.Error("the flood freed the address")
	}
}
