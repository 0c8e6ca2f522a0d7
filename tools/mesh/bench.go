package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/mesh"
	"ticketmesh.dev/tools/internal/onsale"
	"ticketmesh.dev/tools/internal/process"
)

const (
	benchOrganizer = "organizer@example.com"
	benchPassword  = "demo-password"
)

func newBench() *cobra.Command {
	return group("bench", "Measure a mesh", newOnsale(), newColdStart())
}

func newOnsale() *cobra.Command {
	cmd := &cobra.Command{Use: "onsale", Short: "Sell a house out, each seat by one hold and one order", Args: cobra.NoArgs}
	asJSON := jsonFlag(cmd)
	var c onsale.Config
	flags := cmd.Flags()
	flags.IntVar(&c.Seats, "seats", 20_000, "seats to sell")
	mode := flags.String("mode", string(onsale.Seats), "how buyers choose: seats (by name), general (a general area) or best (best available)")
	flags.IntVar(&c.Buyers, "buyers", 64, "buyers at a time")
	flags.StringVar(&c.URL, "url", "", "sell at this mesh, by its demo organizer, instead of a fresh one")
	flags.StringVar(&c.OrganizerEmail, "organizer", benchOrganizer, "an organizer's account")
	flags.StringVar(&c.OrganizerPassword, "password", benchPassword, "the organizer's password")
	debugAddr := flags.String("debug-addr", "", "have the fresh mesh serve profiles at this address")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if c.Seats < 1 || c.Seats > 200_000 || c.Buyers < 1 || c.Buyers > 10_000 {
			return usageError{errors.New("--seats is 1 to 200000 and --buyers 1 to 10000")}
		}
		c.Mode = onsale.Mode(*mode)
		if c.Mode != onsale.Seats && c.Mode != onsale.General && c.Mode != onsale.Best {
			return usageError{fmt.Errorf("--mode: %q is none of seats, general and best", *mode)}
		}
		debug.SetGCPercent(gcPercent) // the buyers share the machine with the mesh
		measure := func() (onsale.Report, error) { return onsale.Run(cmd.Context(), c) }
		if c.URL == "" {
			measure = func() (onsale.Report, error) { return onFresh(cmd.Context(), c, *debugAddr, cmd.ErrOrStderr()) }
		}
		report, err := measure()
		if err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(report, text(report))
	})
	return cmd
}

func text(r onsale.Report) string {
	return fmt.Sprintf("sold %d, oversold %d, in %.2f s: %.0f sales/s\nhold  p50 %.1f ms, p99 %.1f ms\norder p50 %.1f ms, p99 %.1f ms\nevent lag p99 %.0f ms, mails out %.1f s after the last sale, memory %.0f MiB",
		r.Sold, r.Oversold, r.Seconds, r.SalesPerSecond, r.Hold.P50Millis, r.Hold.P99Millis, r.Order.P50Millis, r.Order.P99Millis, r.EventLagP99Millis, r.MailDrainSeconds, r.RSSMiB)
}

// onFresh measures a mesh of its own process and data.
func onFresh(ctx context.Context, c onsale.Config, debugAddr string, stderr io.Writer) (report onsale.Report, err error) {
	data, err := os.MkdirTemp("", "mesh-bench")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	users, err := mesh.OpenUsers(ctx, data)
	if err != nil {
		return report, err
	}
	_, err = users.AddUser(ctx, c.OrganizerEmail, c.OrganizerPassword, "organizer")
	if err := errors.Join(err, users.Close()); err != nil {
		return report, err
	}
	binary, err := os.Executable()
	if err != nil {
		return report, err
	}
	var args []string
	if debugAddr != "" {
		args = append(args, "--debug-addr", debugAddr)
	}
	running, err := process.Start(ctx, binary, data, stderr, args...)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	c.URL = running.URL
	if report, err = onsale.Run(ctx, c); err != nil {
		return report, err
	}
	report.RSSMiB, err = running.PeakMemoryMiB()
	return report, err
}
