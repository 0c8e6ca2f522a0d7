package issuer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
)

var (
	// ErrEmailTaken: an account with this address exists.
	ErrEmailTaken = errors.New("the address is taken")
	// ErrNoAccount: there is no account with this address.
	ErrNoAccount = errors.New("there is no account with this address")
	// ErrCredentials: there is no such account, or the password is another. It
	// is not told which.
	ErrCredentials = errors.New("wrong credentials")
	// ErrKeyReused: the Idempotency-Key made another account.
	ErrKeyReused = errors.New("the idempotency key was used for another account")
	// ErrEmail: it is not an e-mail address.
	ErrEmail = errors.New("not an e-mail address")
	// ErrPassword: it has not 8 to 128 characters.
	ErrPassword = errors.New("a password has 8 to 128 characters")
	// ErrGroup: it is not a name of a group.
	ErrGroup = errors.New("a group's name is of lower-case letters, digits and hyphens")
)

const (
	minPassword = 8
	maxPassword = 128
	maxEmail    = 254
	keyLifetime = 24 * time.Hour
)

var groupName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// User is an account.
type User struct {
	ID            id.ID
	Email         string
	EmailVerified bool
	Groups        []string

	passwordHash string
}

// AddUser opens an account whose address counts as verified. It does nothing,
// and created is false, when there is one with this address.
func (i *Issuer) AddUser(ctx context.Context, email, password string, groups ...string) (created bool, err error) {
	email, err = normalize(email)
	if err != nil {
		return false, err
	}
	if err := checkGroups(groups); err != nil {
		return false, err
	}
	if err := checkPassword(password); err != nil {
		return false, err
	}
	if _, err := i.userByEmail(ctx, email); !errors.Is(err, errNoUser) {
		return false, err // spares the hash
	}
	_, err = i.insert(ctx, User{Email: email, EmailVerified: true, Groups: slices.Clone(groups)}, password, "")
	if errors.Is(err, ErrEmailTaken) {
		return false, nil
	}
	return err == nil, err
}

// AddGroups puts an account into more groups and returns all that it is in then;
// nothing else of it changes. Its tokens tell of them once they are renewed.
// Putting it where it is already does nothing. An address without an account is
// ErrNoAccount.
func (i *Issuer) AddGroups(ctx context.Context, email string, groups ...string) (all []string, err error) {
	email, err = normalize(email)
	if err != nil {
		return nil, err
	}
	if err := checkGroups(groups); err != nil {
		return nil, err
	}
	err = i.db.Write(ctx, func(tx *sqlite.Tx) error {
		u, err := scanUser(tx.QueryRow(selectUser+` WHERE u.email = ?`, email))
		if errors.Is(err, errNoUser) {
			return ErrNoAccount
		}
		if err != nil {
			return err
		}
		for _, group := range groups {
			if !slices.Contains(u.Groups, group) {
				u.Groups = append(u.Groups, group)
			}
		}
		all = u.Groups
		text, err := json.Marshal(all)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE users SET groups = ? WHERE id = ?`, string(text), u.ID.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func checkGroups(groups []string) error {
	for _, group := range groups {
		if !groupName.MatchString(group) {
			return fmt.Errorf("%w: %q", ErrGroup, group)
		}
	}
	return nil
}

// Revoke ends the sign-ins of an account: its refresh tokens die at once, its
// access tokens within the hour. An unknown address is nothing to do.
func (i *Issuer) Revoke(ctx context.Context, email string) error {
	email, err := normalize(email)
	if err != nil {
		return err
	}
	return i.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`DELETE FROM refresh_tokens WHERE user_id IN (SELECT id FROM users WHERE email = ?)`, email)
		return err
	})
}

// signUp opens an account. With a key it may be repeated for 24 hours: the same
// address and password get the same account, anything else is ErrKeyReused.
func (i *Issuer) signUp(ctx context.Context, key, email, password string) (u User, repeated bool, err error) {
	if email, err = normalize(email); err != nil {
		return User{}, false, err
	}
	if err := checkPassword(password); err != nil {
		return User{}, false, err
	}
	u, err = i.insert(ctx, User{Email: email}, password, key)
	var made *madeError
	if !errors.As(err, &made) {
		return u, false, err
	}
	same, err := i.passwords.matches(ctx, password, made.user.passwordHash)
	switch {
	case err != nil:
		return User{}, false, err
	case !same || made.user.Email != email:
		return User{}, false, ErrKeyReused
	}
	return made.user, true, nil
}

// madeError says which account a key has made before.
type madeError struct{ user User }

func (*madeError) Error() string { return "the key has made an account before" }

// insert hashes the password outside the transaction, which may not wait.
func (i *Issuer) insert(ctx context.Context, u User, password, key string) (User, error) {
	hash, err := i.passwords.hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	u.ID, u.passwordHash = id.New(), hash
	if u.Groups == nil {
		u.Groups = []string{}
	}
	groups, err := json.Marshal(u.Groups)
	if err != nil {
		return User{}, err
	}
	now := i.clock.Now()
	err = i.db.Write(ctx, func(tx *sqlite.Tx) error {
		if key != "" {
			made, err := scanUser(tx.QueryRow(selectUser+` JOIN signup_keys k ON k.user_id = u.id WHERE k.key = ? AND k.expires_at > ?`,
				key, now.UnixMilli()))
			if err == nil {
				return &madeError{made}
			}
			if !errors.Is(err, errNoUser) {
				return err
			}
		}
		n, err := tx.Exec(`INSERT INTO users (id, email, email_verified, password_hash, groups, created_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (email) DO NOTHING`, u.ID.String(), u.Email, u.EmailVerified, hash, string(groups), now.UnixMilli())
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrEmailTaken
		}
		if key == "" {
			return nil
		}
		_, err = tx.Exec(`INSERT INTO signup_keys (key, user_id, expires_at) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, expires_at = excluded.expires_at`,
			key, u.ID.String(), now.Add(keyLifetime).UnixMilli())
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

var errNoUser = errors.New("no such user")

func orNoUser(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errNoUser
	}
	return err
}

const selectUser = `SELECT u.id, u.email, u.email_verified, u.password_hash, u.groups FROM users u`

func (i *Issuer) userByEmail(ctx context.Context, email string) (u User, err error) {
	err = i.db.Read(ctx, func(tx *sqlite.Tx) error {
		u, err = scanUser(tx.QueryRow(selectUser+` WHERE u.email = ?`, email))
		return err
	})
	return u, err
}

func scanUser(row *sql.Row) (User, error) {
	var u User
	var key, groups string
	err := row.Scan(&key, &u.Email, &u.EmailVerified, &u.passwordHash, &groups)
	if err != nil {
		return User{}, orNoUser(err)
	}
	if u.ID, err = id.Parse(key); err != nil {
		return User{}, err
	}
	return u, json.Unmarshal([]byte(groups), &u.Groups)
}

// normalize makes two spellings of an address one account: lower case, no space
// around it.
func normalize(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > maxEmail {
		return "", ErrEmail
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Name != "" || address.Address != email || strings.ContainsFunc(email, unfit) {
		return "", ErrEmail
	}
	return email, nil
}

// unfit is what an address may hold by its grammar, and a header or a terminal
// had better not see.
func unfit(r rune) bool { return r == '"' || unicode.IsSpace(r) || !unicode.IsPrint(r) }

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return ErrPassword
	}
	return nil
}
