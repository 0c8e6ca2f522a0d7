package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	tickets "ticketmesh.dev/services/tickets/embedded"
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
	rooms := flags.IntSlice("room", nil, "places that the house has, the seats to sell unless given; several with commas between are a table")
	pasts := flags.IntSlice("past", []int{0}, "orders that there were before, of a fresh mesh; several with commas between are a table")
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
		if len(*rooms) == 0 {
			*rooms = []int{c.Seats}
		}
		if slices.Min(*rooms) < c.Seats || slices.Max(*rooms) > 200_000 {
			return usageError{errors.New("--room is --seats to 200000")}
		}
		if slices.Min(*pasts) < 0 || slices.Max(*pasts) > 10_000_000 || slices.Max(*pasts) > 0 && c.URL != "" {
			return usageError{errors.New("--past is 0 to 10000000, and not for the mesh of --url")}
		}
		c.Mode = onsale.Mode(*mode)
		if c.Mode != onsale.Seats && c.Mode != onsale.General && c.Mode != onsale.Best {
			return usageError{fmt.Errorf("--mode: %q is none of seats, general and best", *mode)}
		}
		debug.SetGCPercent(gcPercent) // the buyers share the machine with the mesh
		measure := onsale.Run
		if c.URL == "" {
			measure = func(ctx context.Context, c onsale.Config) (onsale.Report, error) {
				return onFresh(ctx, c, *debugAddr, cmd.ErrOrStderr())
			}
		}
		out := printer{cmd.OutOrStdout(), *asJSON}
		line := text
		if len(*rooms)*len(*pasts) > 1 {
			line = row
			if !*asJSON {
				fmt.Fprint(cmd.OutOrStdout(), header)
			}
		}
		for _, c.Room = range *rooms {
			for _, c.Past = range *pasts {
				report, err := measure(cmd.Context(), c)
				if err != nil {
					return err
				}
				if err := out.print(report, line(report)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return cmd
}

// header and row are a table in Markdown of several runs.
const header = `| mode | house | past orders | sold | oversold | sales/s | hold p50 | p99 | order p50 | p99 | first tenth p50 | last tenth p50 |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`

func row(r onsale.Report) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %.0f | %.1f ms | %.1f ms | %.1f ms | %.1f ms | %.1f ms | %.1f ms |",
		r.Mode, r.Room, r.Past, r.Sold, r.Oversold, r.SalesPerSecond, r.Hold.P50Millis, r.Hold.P99Millis, r.Order.P50Millis, r.Order.P99Millis,
		r.FirstTenth.P50Millis, r.LastTenth.P50Millis)
}

func text(r onsale.Report) string {
	return fmt.Sprintf("sold %d, oversold %d, in %.2f s: %.0f sales/s\nhold  p50 %.1f ms, p99 %.1f ms\norder p50 %.1f ms, p99 %.1f ms\nboth  p50 %.1f ms of the first tenth, %.1f ms of the last\nevent lag p99 %.0f ms, mails out %.1f s after the last sale, memory %.0f MiB",
		r.Sold, r.Oversold, r.Seconds, r.SalesPerSecond, r.Hold.P50Millis, r.Hold.P99Millis, r.Order.P50Millis, r.Order.P99Millis,
		r.FirstTenth.P50Millis, r.LastTenth.P50Millis, r.EventLagP99Millis, r.MailDrainSeconds, r.RSSMiB)
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
	if c.Past > 0 {
		if err := tickets.MakePast(ctx, data, c.Past); err != nil {
			return report, fmt.Errorf("past orders: %w", err)
		}
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
