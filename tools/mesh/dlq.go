package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/tools/mesh/internal/target"
)

func newDLQ() *cobra.Command {
	return group("dlq", "List, show and redrive dead letters", newDLQList(), newDLQShow(), newDLQRedrive())
}

func newDLQList() *cobra.Command {
	cmd := &cobra.Command{Use: "ls", Short: "List the consumers' queues and how many dead letters each has", Args: cobra.NoArgs}
	on := targetFlag(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		return on.with(cmd.Context(), func(mesh target.Mesh) error {
			queues, err := mesh.Queues(cmd.Context())
			if err != nil {
				return err
			}
			out := printer{cmd.OutOrStdout(), *asJSON}
			for _, queue := range queues {
				row := map[string]any{"consumer": queue.Consumer, "waiting": queue.Waiting, "inFlight": queue.InFlight, "dead": queue.Dead}
				if err := out.print(row, fmt.Sprintf("%-32s dead %-6d waiting %-6d in flight %d", queue.Consumer, queue.Dead, queue.Waiting, queue.InFlight)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return cmd
}

// deadLetter is how a dead letter is shown.
type deadLetter struct {
	ID       string          `json:"id"`
	Consumer string          `json:"consumer"`
	Type     string          `json:"type"`
	Subject  string          `json:"subject"`
	Reason   string          `json:"reason"`
	Receives int             `json:"receives"`
	FirstAt  string          `json:"firstAt"`
	DeadAt   string          `json:"deadAt"`
	Event    json.RawMessage `json:"event,omitempty"`
}

func shown(letter target.DeadLetter) deadLetter {
	return deadLetter{
		ID: letter.ID, Consumer: letter.Consumer, Type: letter.Type, Subject: letter.Subject, Reason: letter.Reason, Receives: letter.Receives,
		FirstAt: shownTime(letter.FirstAt), DeadAt: shownTime(letter.DeadAt),
	}
}

// shownTime is empty when nobody knows it.
func shownTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(event.TimeFormat)
}

func newDLQShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show CONSUMER [ID]", Short: "Show a consumer's dead letters, or one whole, sensitive values masked", Args: cobra.RangeArgs(1, 2)}
	on := targetFlag(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, args []string) error {
		out := printer{cmd.OutOrStdout(), *asJSON}
		return on.with(cmd.Context(), func(mesh target.Mesh) error {
			if len(args) == 2 {
				letter, err := mesh.DeadLetter(cmd.Context(), args[0], args[1])
				if err != nil {
					return err
				}
				return showWhole(out, letter)
			}
			letters, err := mesh.DeadLetters(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			for _, letter := range letters {
				row := shown(letter)
				if err := out.print(row, fmt.Sprintf("%s %s %s: %s", row.DeadAt, row.ID, row.Type, row.Reason)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return cmd
}

func showWhole(out printer, letter target.DeadLetter) error {
	row := shown(letter)
	masked, err := contracts.NewMasker().MaskEvent(letter.Envelope)
	if err != nil {
		// What is unreadable is why it is here; its bytes may be anything.
		masked, err = json.Marshal(map[string]int{"unreadableBytes": len(letter.Envelope)})
		if err != nil {
			return err
		}
	}
	row.Event = masked
	return out.print(row, fmt.Sprintf("id       %s\ntype     %s\nsubject  %s\nreason   %s\nreceives %d\nfirst    %s\ndead     %s\n%s",
		row.ID, row.Type, row.Subject, row.Reason, row.Receives, row.FirstAt, row.DeadAt, masked))
}

func newDLQRedrive() *cobra.Command {
	cmd := &cobra.Command{Use: "redrive CONSUMER [ID...]", Short: "Deliver dead letters again, all or the ones named", Args: cobra.MinimumNArgs(1)}
	on := targetFlag(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, args []string) error {
		return on.with(cmd.Context(), func(mesh target.Mesh) error {
			redriven, err := mesh.Redrive(cmd.Context(), args[0], args[1:]...)
			if err != nil {
				return err
			}
			return printer{cmd.OutOrStdout(), *asJSON}.print(map[string]any{"consumer": args[0], "redriven": redriven}, fmt.Sprintf("redriven %d", redriven))
		})
	})
	return cmd
}
