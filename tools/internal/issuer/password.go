package issuer

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/alexedwards/argon2id"
)

// OWASP's second choice for argon2id: 19 MiB, so that two sign-ins at a time
// stay small on a laptop.
var params = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// atOnce bounds how many passwords are hashed at the same time, and with it how
// much memory and processor strangers can use up. The others wait.
const atOnce = 2

// patience is how long one waits: in a flood it is better to be told than to
// wait for ever.
const patience = 10 * time.Second

type hasher struct {
	slots chan struct{}
	dummy string
}

func newHasher() (*hasher, error) {
	dummy, err := argon2id.CreateHash(rand.Text(), params)
	if err != nil {
		return nil, err
	}
	return &hasher{slots: make(chan struct{}, atOnce), dummy: dummy}, nil
}

func (h *hasher) hash(ctx context.Context, password string) (hash string, err error) {
	err = h.inTurn(ctx, func() error {
		hash, err = argon2id.CreateHash(password, params)
		return err
	})
	return hash, err
}

func (h *hasher) matches(ctx context.Context, password, hash string) (matches bool, err error) {
	err = h.inTurn(ctx, func() error {
		matches, err = h.compare(password, hash)
		return err
	})
	return matches, err
}

// compare takes the same time for every password. An empty hash, of a user that
// does not exist, takes as long and never matches. It is for inTurn.
func (h *hasher) compare(password, hash string) (bool, error) {
	if hash == "" {
		_, err := argon2id.ComparePasswordAndHash(password, h.dummy)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}

func (h *hasher) inTurn(ctx context.Context, f func() error) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		return f()
	case <-waiting.Done():
		return waiting.Err()
	}
}
