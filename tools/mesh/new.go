package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/newconsumer"
)

func newNew() *cobra.Command {
	return group("new", "Begin something of one's own", newNewConsumer())
}

func newNewConsumer() *cobra.Command {
	cmd := &cobra.Command{
		Use: "consumer NAME", Short: "Write a consumer of events as a Go module that needs nothing of this workspace",
		Args: cobra.ExactArgs(1),
	}
	types := cmd.Flags().StringSlice("events", nil, "event types, for instance ticketmesh.tickets.order.confirmed.v1; may be repeated")
	folder := cmd.Flags().String("dir", "", "folder to write into, which is new or empty (default ./NAME)")
	module := cmd.Flags().String("module", "", "path of the module (default example.com/NAME)")
	asJSON := jsonFlag(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, args []string) error {
		target := *folder
		if target == "" {
			target = args[0]
		}
		files, err := newconsumer.Write(target, newconsumer.Options{Name: args[0], Module: *module, Types: *types})
		if errors.Is(err, newconsumer.ErrOptions) || errors.Is(err, newconsumer.ErrNotEmpty) {
			return usageError{err}
		}
		if err != nil {
			return err
		}
		text := fmt.Sprintf("wrote %s; begin with %s\n  %s", target, filepath.Join(target, "README.md"), strings.Join(files, "\n  "))
		return printer{cmd.OutOrStdout(), *asJSON}.print(map[string]any{"consumer": args[0], "dir": target, "files": files}, text)
	})
	return cmd
}
