package main

import (
	"errors"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/coldstart"
)

func newColdStart() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "coldstart",
		Short: "Measure how long the Lambda functions take to start, at a full CPU and at those of 1024, 512 and 256 MB",
		Args:  cobra.NoArgs,
	}
	asJSON := jsonFlag(cmd)
	var c coldstart.Config
	cmd.Flags().StringVar(&c.Root, "root", ".", "root of the workspace")
	cmd.Flags().IntVar(&c.Starts, "starts", 20, "starts of each function at each share of a CPU")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if c.Starts < 1 || c.Starts > 1000 {
			return usageError{errors.New("--starts is 1 to 1000")}
		}
		report, err := coldstart.Run(cmd.Context(), c)
		if err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(report, report.Text())
	})
	return cmd
}
