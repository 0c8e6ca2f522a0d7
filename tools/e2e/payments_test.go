package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secrets are files that hold them as mesh up wants them.
func secrets(t *testing.T, texts ...string) []string {
	t.Helper()
	var paths []string
	for i, text := range texts {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatalf("secret %d: %v", i, err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestARealShopTakesNoPlayMoney(t *testing.T) {
	t.Parallel()
	files := secrets(t, "sk_live_never_in_a_log", "whsec_never_in_a_log")
	flags := []string{
		"--stripe-key-file", files[0], "--stripe-webhook-secret-file", files[1], "--stripe-publishable-key", "pk_of_the_shop",
		"--stripe-api-base", "http://127.0.0.1:1", "--log-level", "debug",
	}
	tests := []struct {
		name    string
		more    []string
		offered string
		play    int // what an order by the test provider answers
	}{
		{"with Stripe", nil, "stripe pk_of_the_shop", 400},
		{"with Stripe, to try things out", []string{"--test-payments"}, "test,stripe pk_of_the_shop", 201},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, append(flags[:len(flags):len(flags)], tt.more...)...)
			c := s.client()
			var offered struct {
				Items []struct{ Provider, PublishableKey string }
			}
			c.get(t, "", "/tickets/payments/providers", &offered)
			var names []string
			for _, one := range offered.Items {
				names = append(names, strings.TrimSpace(one.Provider+" "+one.PublishableKey))
			}
			if got := strings.Join(names, ","); got != tt.offered {
				t.Errorf("offered are %q, want %q", got, tt.offered)
			}
			h := c.openHouse(t, "Payments", rows(1, 4, 0), nil)
			_, token := c.customer(t)
			held := c.hold(t, token, h.performanceID, place{"hall", "1-1"})
			c.want(t, tt.play, call{method: "POST", path: "/tickets/orders", token: token, body: orderBody(held.HoldID, "tok_ok")}, nil)
			held = c.hold(t, token, h.performanceID, place{"hall", "1-2"})
			body := orderBody(held.HoldID, "pm_card_visa")
			body["payment"] = map[string]any{"provider": "stripe", "token": "pm_card_visa"}
			var ordered struct{ Status string }
			// Stripe does not answer there: the order waits, and no error hides a charge.
			c.want(t, 202, call{method: "POST", path: "/tickets/orders", token: token, body: body}, &ordered)
			if ordered.Status != "pending_payment" {
				t.Errorf("the order is %s", ordered.Status)
			}
			if log := s.log.String(); strings.Contains(log, "never_in_a_log") || !strings.Contains(log, "payment provider did not answer") {
				t.Errorf("the log has a secret, or nothing of Stripe's silence:\n%s", log)
			}
		})
	}
}
