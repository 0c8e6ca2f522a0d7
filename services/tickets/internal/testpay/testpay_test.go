package testpay_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

var now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTheTokenSaysWhatHappens(t *testing.T) {
	t.Parallel()
	tests := []struct {
		token  string
		want   payment.Status
		reason string
	}{
		{"tok_ok", payment.Captured, ""},
		{"tok_pending", payment.Pending, ""},
		{"tok_declined", payment.Declined, "card_declined"},
		{"tok_of_another_house", payment.Declined, "unknown_token"},
		{"", payment.Declined, "unknown_token"},
	}
	for _, tt := range tests {
		t.Run(tt.token, func(t *testing.T) {
			t.Parallel()
			request := payment.ChargeRequest{OrderID: id.New(), Amount: money.Money{Amount: 4200, Currency: "EUR"}, Token: tt.token}
			got, err := testpay.Provider{}.Charge(t.Context(), request)
			if err != nil || got.Status != tt.want || got.Reason != tt.reason || got.Reference == "" {
				t.Errorf("Charge() = %+v, %v, want %s for %q", got, err, tt.want, tt.reason)
			}
			if again, err := (testpay.Provider{}).Charge(t.Context(), request); err != nil || again != got {
				t.Errorf("Charge() again = %+v, %v, want %+v", again, err, got)
			}
		})
	}
	if err := (testpay.Provider{}).Refund(t.Context(), payment.RefundRequest{}); err != nil {
		t.Errorf("Refund() = %v", err)
	}
}

func TestVerifyTakesWhatWasSigned(t *testing.T) {
	t.Parallel()
	hooks := testpay.NewWebhooks([]byte("secret"))
	const body = `{"id":"1"}`
	right := hooks.Sign([]byte(body), now)
	_, v1, _ := strings.Cut(right, ",v1=")
	tests := []struct {
		name, header, body string
		at                 time.Time
		wantOK             bool
	}{
		{"right", right, body, now, true},
		{"spaces", strings.ReplaceAll(right, ",", " , "), body, now, true},
		{"parts the other way round", "v1=" + v1 + ",t=1803902400", body, now, true},
		{"unknown parts", "v0=abc," + right + ",x", body, now, true},
		{"one of two signatures is right", strings.Replace(right, ",v1=", ",v1=00,v1=", 1), body, now, true},
		{"upper case hex", strings.Replace(right, v1, strings.ToUpper(v1), 1), body, now, true},
		{"five minutes old", right, body, now.Add(5 * time.Minute), true},
		{"a little more than five minutes old", right, body, now.Add(5*time.Minute + time.Second), false},
		{"from the future", right, body, now.Add(-5*time.Minute - time.Second), false},
		{"another body", right, body + " ", now, false},
		{"no header", "", body, now, false},
		{"no time", "v1=" + v1, body, now, false},
		{"another time", strings.Replace(right, "t=1803902400", "t=1803902401", 1), body, now, false},
		{"a time that is none", strings.Replace(right, "t=1803902400", "t=soon", 1), body, now, false},
		{"a time of another age", "t=-9223372036854775808,v1=" + v1, body, now, false},
		{"no signature", "t=1803902400", body, now, false},
		{"empty signature", "t=1803902400,v1=", body, now, false},
		{"not hex", "t=1803902400,v1=zz", body, now, false},
		{"half a signature", right[:len(right)-32], body, now, false},
		{"another secret", testpay.NewWebhooks([]byte("other")).Sign([]byte(body), now), body, now, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := hooks.Verify(tt.header, []byte(tt.body), tt.at)
			if (err == nil) != tt.wantOK || err != nil && !errors.Is(err, testpay.ErrBadSignature) {
				t.Errorf("Verify(%q) = %v, want success %t", tt.header, err, tt.wantOK)
			}
		})
	}
}

func TestTheSecretFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	first, err := testpay.LoadWebhooks(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret file: %v, %v, want mode 0600", info.Mode(), err)
	}
	second, err := testpay.LoadWebhooks(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Verify(first.Sign([]byte("x"), now), []byte("x"), now); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if other, err := testpay.LoadWebhooks(filepath.Join(t.TempDir(), "secret")); err != nil || other.Verify(first.Sign([]byte("x"), now), []byte("x"), now) == nil {
		t.Errorf("another house has the same secret: %v", err)
	}
	for name, content := range map[string]string{"empty": "", "blank": " \n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			hooks, err := testpay.LoadWebhooks(path)
			if err != nil {
				t.Fatal(err)
			}
			if hooks.Verify(testpay.NewWebhooks(nil).Sign([]byte("x"), now), []byte("x"), now) == nil {
				t.Error("anybody can sign with the empty secret")
			}
		})
	}
	if _, err := testpay.LoadWebhooks(t.TempDir()); err == nil {
		t.Error("a folder is taken for a secret")
	}
}

// FuzzVerify: only the header that Sign makes for this body passes, whatever
// is around it.
func FuzzVerify(f *testing.F) {
	hooks := testpay.NewWebhooks([]byte("secret"))
	body := []byte(`{"id":"1"}`)
	right := hooks.Sign(body, now)
	_, v1, _ := strings.Cut(right, ",v1=")
	for _, seed := range []string{right, "", ",", "t=,v1=", "t=1803902400", "t=1803902400,v1=", "t=1803902400,t=1,v1=" + v1, "v1=" + v1, "t=99999999999999999999,v1=00", "t==,v1=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		err := hooks.Verify(header, body, now)
		if err != nil && !errors.Is(err, testpay.ErrBadSignature) {
			t.Errorf("Verify(%q) = %v", header, err)
		}
		if err == nil && !strings.Contains(strings.ToLower(header), v1) {
			t.Errorf("Verify(%q) passed without the signature", header)
		}
	})
}
