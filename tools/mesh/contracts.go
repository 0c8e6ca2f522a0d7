package main

import (
	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/contractgen"
)

func newContracts() *cobra.Command {
	gen := &cobra.Command{Use: "gen [SERVICE...]", Short: "Generate the Go code of the contracts", Args: cobra.ArbitraryArgs}
	asJSON := jsonFlag(gen)
	root := gen.Flags().String("root", ".", "root of the workspace")
	gen.RunE = does(func(cmd *cobra.Command, args []string) error {
		written, err := contractgen.Run(cmd.Context(), *root, args...)
		if err != nil {
			return err
		}
		out := printer{cmd.OutOrStdout(), *asJSON}
		for _, name := range written {
			if err := out.print(map[string]string{"package": "contracts/" + name}, "contracts/"+name); err != nil {
				return err
			}
		}
		return nil
	})
	return group("contracts", "Work on the contracts", gen)
}
