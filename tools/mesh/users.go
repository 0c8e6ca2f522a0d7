package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/mesh"
)

func newUsers() *cobra.Command {
	add := &cobra.Command{
		Use: "add EMAIL", Short: "Add a user of the built-in issuer, or give one more groups; the password is read from standard input",
		Args: cobra.ExactArgs(1),
	}
	data := dataFlag(add)
	asJSON := jsonFlag(add)
	groups := add.Flags().StringSlice("group", nil, "organizer, gate or admin; may be repeated")
	add.RunE = does(func(cmd *cobra.Command, args []string) error {
		for _, name := range *groups {
			if name != "organizer" && name != "gate" && name != "admin" {
				return usageError{fmt.Errorf("--group: %q is none of organizer, gate and admin", name)}
			}
		}
		password, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		password = strings.TrimRight(password, "\r\n")
		if password == "" {
			return usageError{errors.New("the password is read from standard input, and there was none")}
		}
		users, err := mesh.OpenUsers(cmd.Context(), *data)
		if err != nil {
			return err
		}
		created, err := users.AddUser(cmd.Context(), args[0], password, *groups...)
		if err := errors.Join(err, users.Close()); err != nil {
			return err
		}
		did := "changed"
		if created {
			did = "added"
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(map[string]any{"email": args[0], "created": created, "groups": *groups}, did+" "+args[0])
	})
	return group("users", "Manage users of the built-in issuer", add)
}
