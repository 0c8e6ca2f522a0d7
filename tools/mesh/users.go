package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/issuer"
	"ticketmesh.dev/tools/internal/mesh"
)

func newUsers() *cobra.Command {
	add := &cobra.Command{
		Use: "add EMAIL", Short: "Add a user of the built-in issuer, or give one more groups; the password is read from standard input",
		Args: cobra.ExactArgs(1),
	}
	data := dataFlag(add)
	asJSON := jsonFlag(add)
	groups := add.Flags().StringSlice("group", nil, "organizer, gate, admin or subscriber; may be repeated")
	add.RunE = does(func(cmd *cobra.Command, args []string) error {
		for _, name := range *groups {
			if !slices.Contains([]string{"organizer", "gate", "admin", "subscriber"}, name) {
				return usageError{fmt.Errorf("--group: %q is none of organizer, gate, admin and subscriber", name)}
			}
		}
		users, err := mesh.OpenUsers(cmd.Context(), *data)
		if err != nil {
			return err
		}
		result, err := addUser(cmd.Context(), users, args[0], *groups, cmd.InOrStdin())
		if err := errors.Join(err, users.Close()); err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(result, result.text())
	})
	return group("users", "Manage users of the built-in issuer", add)
}

// added is what became of an account.
type added struct {
	Email   string   `json:"email"`
	Created bool     `json:"created"`
	Groups  []string `json:"groups"` // all that it is in
}

func (a added) text() string {
	groups := "no group"
	if len(a.Groups) > 0 {
		groups = strings.Join(a.Groups, ", ")
	}
	if a.Created {
		return fmt.Sprintf("added %s (%s)", a.Email, groups)
	}
	return fmt.Sprintf("%s was there already and is in %s now; the password is what it was", a.Email, groups)
}

// addUser makes an account, with the password from the input, or puts one that
// exists into the groups.
func addUser(ctx context.Context, users *issuer.Issuer, email string, groups []string, input io.Reader) (added, error) {
	all, err := users.AddGroups(ctx, email, groups...)
	if err == nil {
		return added{Email: email, Groups: all}, nil
	}
	if !errors.Is(err, issuer.ErrNoAccount) {
		return added{}, wrongInput(err)
	}
	password, err := bufio.NewReader(input).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return added{}, err
	}
	password = strings.TrimRight(password, "\r\n")
	if password == "" {
		return added{}, usageError{errors.New("the password is read from standard input, and there was none")}
	}
	created, err := users.AddUser(ctx, email, password, groups...)
	if err == nil && !created {
		err = issuer.ErrEmailTaken // by somebody who was faster
	}
	if err != nil {
		return added{}, wrongInput(err)
	}
	return added{email, true, append([]string{}, groups...)}, nil
}

// wrongInput makes what is wrong with an address or a password an error of usage.
func wrongInput(err error) error {
	if errors.Is(err, issuer.ErrEmail) || errors.Is(err, issuer.ErrPassword) {
		return usageError{err}
	}
	return err
}
