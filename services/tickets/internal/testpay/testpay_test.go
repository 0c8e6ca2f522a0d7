package testpay_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

var now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTheTokenSaysWhatHappens(t *testing.T) {
	t.Parallel()
	const fails = payment.Status("error")
	tests := []struct {
		token               string
		want, found, second payment.Status // found: no charge when empty
		reason              string
	}{
		{"tok_ok", payment.Captured, payment.Captured, payment.Captured, ""},
		{"tok_pending", payment.Pending, payment.Pending, payment.Pending, ""},
		{"tok_declined", payment.Declined, payment.Declined, payment.Declined, "card_declined"},
		{"tok_error", fails, "", payment.Captured, ""},
		{"tok_error_charged", fails, payment.Captured, payment.Captured, ""},
		{"tok_timeout", fails, payment.Captured, payment.Captured, ""},
		{"tok_timeout_uncharged", fails, "", payment.Captured, ""},
		{"tok_of_another_house", payment.Declined, payment.Declined, payment.Declined, "unknown_token"},
		{"", payment.Declined, payment.Declined, payment.Declined, "unknown_token"},
	}
	for _, tt := range tests {
		t.Run(tt.token, func(t *testing.T) {
			t.Parallel()
			provider := testpay.New(clock.NewManual(now))
			request := payment.ChargeRequest{OrderID: id.New(), Amount: money.Money{Amount: 4200, Currency: "EUR"}, Token: tt.token}
			charge := func() payment.ChargeResult {
				result, err := provider.Charge(t.Context(), request)
				if err != nil {
					result.Status = fails
					if late := strings.HasPrefix(tt.token, "tok_timeout"); errors.Is(err, context.DeadlineExceeded) != late {
						t.Errorf("Charge() = %v, want a timeout %t", err, late)
					}
				}
				return result
			}
			if got := charge(); got.Status != tt.want || got.Reason != tt.reason || (got.Reference == "") != (tt.want == fails) {
				t.Errorf("Charge() = %+v, want %s for %q", got, tt.want, tt.reason)
			}
			found, err := provider.Find(t.Context(), payment.ChargeQuery{OrderID: request.OrderID})
			if found.Status != tt.found || errors.Is(err, payment.ErrNoCharge) != (tt.found == "") {
				t.Errorf("Find() = %+v, %v, want %q", found, err, tt.found)
			}
			if got := charge(); got.Status != tt.second {
				t.Errorf("Charge() again = %+v, want %s", got, tt.second)
			}
		})
	}
}

func TestWebhooksMoveTheMoney(t *testing.T) {
	t.Parallel()
	at := clock.NewManual(now)
	hooks := testpay.NewWebhooks([]byte("secret"))
	provider := testpay.New(at)
	reports := testpay.Reports{Provider: provider, Webhooks: hooks, Clock: at}
	orderID := id.New()
	read := func(body string) (payment.Report, error) {
		return reports.Read(t.Context(), http.Header{"Ticketmesh-Signature": {hooks.Sign([]byte(body), now)}}, []byte(body))
	}
	if _, err := reports.Read(t.Context(), http.Header{}, []byte(`{}`)); !errors.Is(err, payment.ErrUnsigned) {
		t.Errorf("unsigned: %v", err)
	}
	for _, nothing := range []string{`{`, `{}`, `{"id":"1","type":"payment.lost","orderId":"` + orderID.String() + `"}`, `{"type":"payment.captured","orderId":"x"}`} {
		if got, err := read(nothing); err != nil || got.Notice != nil || got.Refund != nil {
			t.Errorf("%s: %+v, %v, want nothing", nothing, got, err)
		}
	}
	said := func(what string) payment.Notice {
		t.Helper()
		got, err := read(`{"id":"1","orderId":"` + orderID.String() + `",` + what + `}`)
		if err != nil || got.Notice == nil {
			t.Fatalf("%s: %+v, %v", what, got, err)
		}
		return *got.Notice
	}
	own := said(`"type":"payment.captured"`)
	other := said(`"type":"payment.captured","reference":"another"`)
	refused := said(`"type":"payment.declined"`)
	if own.Status != payment.Captured || own.Reference == "" || other.Reference != "another" || refused.Status != payment.Declined || refused.Reference != own.Reference {
		t.Errorf("notices = %+v, %+v, %+v", own, other, refused)
	}
	captures, err := provider.Captures(t.Context(), now)
	if err != nil || len(captures) != 2 {
		t.Errorf("Captures() = %+v, %v, want both", captures, err)
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
			if (err == nil) != tt.wantOK || err != nil && !errors.Is(err, payment.ErrUnsigned) {
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
		if err != nil && !errors.Is(err, payment.ErrUnsigned) {
			t.Errorf("Verify(%q) = %v", header, err)
		}
		if err == nil && !strings.Contains(strings.ToLower(header), v1) {
			t.Errorf("Verify(%q) passed without the signature", header)
		}
	})
}
