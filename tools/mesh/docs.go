package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/catalogue"
)

func newDocs() *cobra.Command {
	cmd := &cobra.Command{Use: "docs", Short: "Write a browsable catalogue of the events and APIs", Args: cobra.NoArgs}
	asJSON := jsonFlag(cmd)
	out := cmd.Flags().String("out", "dist/docs", "folder to write; a catalogue that is there is replaced")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if *out == "" {
			return usageError{errors.New("--out is needed")}
		}
		written, err := catalogue.Write(*out)
		if errors.Is(err, catalogue.ErrOccupied) {
			return usageError{fmt.Errorf("--out: %w", err)}
		}
		if err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(written, fmt.Sprintf("wrote %d files to %s", written.Files, written.Out))
	})
	return cmd
}
