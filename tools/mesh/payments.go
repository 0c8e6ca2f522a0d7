package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	tickets "ticketmesh.dev/services/tickets/embedded"
)

const testPaymentsFlag = "test-payments"

// paymentFlags say who collects money.
type paymentFlags struct {
	keyFile, webhookSecretFile string
	publishableKey, apiBase    string
	patience                   time.Duration
	test                       bool
	testGiven                  bool // --test-payments was said, either way
}

func (f *paymentFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.keyFile, "stripe-key-file", "", "file, mode 0600, with the secret key of the account at Stripe that collects the money")
	flags.StringVar(&f.webhookSecretFile, "stripe-webhook-secret-file", "", "file, mode 0600, with the signing secret of the webhook endpoint at Stripe")
	flags.StringVar(&f.publishableKey, "stripe-publishable-key", "", "publishable key that buyers' clients use at Stripe")
	flags.StringVar(&f.apiBase, "stripe-api-base", "", "where Stripe's API answers (default Stripe's own)")
	flags.DurationVar(&f.patience, "payment-patience", time.Hour, "how long a payment may be outstanding until it is cancelled")
	flags.BoolVar(&f.test, testPaymentsFlag, true, "take orders that the test provider pays without money (default: unless Stripe is configured)")
}

func (f *paymentFlags) config() (tickets.Payments, error) {
	if f.patience < time.Minute {
		return tickets.Payments{}, errors.New("--payment-patience: must be a minute or more")
	}
	payments := tickets.Payments{Patience: f.patience, WithoutTest: f.testGiven && !f.test}
	if f.keyFile == "" && f.webhookSecretFile == "" {
		if f.publishableKey != "" || f.apiBase != "" {
			return tickets.Payments{}, errors.New("--stripe-publishable-key and --stripe-api-base need --stripe-key-file")
		}
		if payments.WithoutTest {
			return tickets.Payments{}, errors.New("--test-payments=false needs --stripe-key-file: nobody would collect money")
		}
		return payments, nil
	}
	if f.keyFile == "" || f.webhookSecretFile == "" {
		return tickets.Payments{}, errors.New("--stripe-key-file and --stripe-webhook-secret-file go together")
	}
	// A real shop takes no play money unless it is told to.
	payments.WithoutTest = !f.testGiven || !f.test
	key, err := secretFile("--stripe-key-file", f.keyFile)
	if err != nil {
		return tickets.Payments{}, err
	}
	secret, err := secretFile("--stripe-webhook-secret-file", f.webhookSecretFile)
	if err != nil {
		return tickets.Payments{}, err
	}
	payments.Stripe = &tickets.Stripe{SecretKey: key, WebhookSecret: secret, PublishableKey: f.publishableKey, APIBase: f.apiBase}
	return payments, nil
}

// secretFile reads a secret from a file that its owner alone may read.
func secretFile(flag, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s: %s has mode %04o, wants 0600", flag, path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	secret := bytes.TrimSpace(text)
	if len(secret) == 0 {
		return "", fmt.Errorf("%s: %s is empty", flag, path)
	}
	return string(secret), nil
}
