package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/cost"
	"ticketmesh.dev/tools/internal/stacks"
)

func newCost() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Compute what AWS asks for a sale, from measured units and list prices",
		Args:  cobra.NoArgs,
	}
	asJSON := jsonFlag(cmd)
	sale := cost.Assumed
	root := cmd.Flags().String("root", ".", "root of the workspace")
	cmd.Flags().IntVar(&sale.Tickets, "sales", 1_000_000, "tickets that are sold")
	cmd.Flags().IntVar(&sale.House, "house", 20_000, "places of a performance, which sells out")
	cmd.Flags().IntVar(&sale.Order, "order", sale.Order, "tickets of an order: as many as were measured")
	cmd.Flags().Float64Var(&sale.Looks, "looks", sale.Looks, "how often a performance and its seats are looked at, an order")
	cmd.Flags().Float64Var(&sale.Abandoned, "abandoned", sale.Abandoned, "holds that are not ordered, an order")
	cmd.Flags().Float64Var(&sale.Orders, "orders", sale.Orders, "orders of a customer in a month")
	cmd.AddCommand(newIdle())
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if sale.Tickets < 1 || sale.House < 1 || sale.Order < 1 || sale.Looks < 0 || sale.Abandoned < 0 || sale.Orders < 1 {
			return usageError{errors.New("--sales, --house, --order and --orders are 1 or more, the others not negative")}
		}
		report, err := cost.Of(*root, sale)
		if err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(report, report.Text())
	})
	return cmd
}

func newIdle() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "idle",
		Short: "Compute what a stage costs in a month in which nobody does anything",
		Args:  cobra.NoArgs,
	}
	asJSON := jsonFlag(cmd)
	root := cmd.Flags().String("root", ".", "root of the workspace")
	stage := cmd.Flags().String("stage", "dev", "stage: dev, test, staging or prod")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if !slices.Contains(stacks.Stages, *stage) {
			return usageError{fmt.Errorf("--stage is one of %s", strings.Join(stacks.Stages, ", "))}
		}
		report, err := cost.IdleOf(cmd.Context(), *root, *stage)
		if err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(report, report.Text())
	})
	return cmd
}
