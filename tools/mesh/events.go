package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqlitebus"

	"ticketmesh.dev/tools/mesh/internal/target"
)

func newEvents() *cobra.Command {
	return group("events", "Watch, publish and replay events", newTail(), newPublish(), newReplay())
}

func newTail() *cobra.Command {
	cmd := &cobra.Command{Use: "tail", Short: "Print events as they are published, sensitive values masked", Args: cobra.NoArgs}
	data := dataFlag(cmd)
	asJSON := jsonFlag(cmd)
	types := cmd.Flags().StringSlice("type", nil, "event type; may be repeated")
	url := cmd.Flags().String("url", "", "follow the mesh at this address instead of the one in --data")
	from := cmd.Flags().Int64("after", -1, "begin after this position of the archive (0: the beginning) instead of now")
	limit := cmd.Flags().Int("limit", 0, "stop after so many events (0: never)")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		show := shower(printer{cmd.OutOrStdout(), *asJSON}, *limit)
		if *url != "" {
			return ended(cmd.Context(), tailURL(cmd.Context(), *url, *types, *from, show))
		}
		return ended(cmd.Context(), withBus(cmd.Context(), *data, func(bus *sqlitebus.Bus) error {
			return tailBus(cmd.Context(), bus, *types, *from, show)
		}))
	})
	return cmd
}

var errEnough = errors.New("enough")

// ended turns the ways in which a stream ends well into success.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, errEnough) || ctx.Err() != nil {
		return nil
	}
	return err
}

// shower prints masked envelopes until there are enough.
func shower(p printer, limit int) func(masked []byte) error {
	shown := 0
	return func(masked []byte) error {
		var e struct{ Time, Type, Subject string }
		if err := json.Unmarshal(masked, &e); err != nil {
			return err
		}
		if err := p.print(json.RawMessage(masked), fmt.Sprintf("%s %-46s %s %s", e.Time, e.Type, e.Subject, dataOf(masked))); err != nil {
			return err
		}
		shown++
		if shown == limit {
			return errEnough
		}
		return nil
	}
}

func dataOf(envelope []byte) json.RawMessage {
	var e struct{ Data json.RawMessage }
	if err := json.Unmarshal(envelope, &e); err != nil {
		return nil
	}
	return e.Data
}

func tailBus(ctx context.Context, bus *sqlitebus.Bus, types []string, after int64, show func([]byte) error) error {
	if after < 0 {
		last, err := bus.LastSeq(ctx)
		if err != nil {
			return err
		}
		after = last
	}
	masker := contracts.NewMasker()
	for message, err := range bus.Tail(ctx, after, types) {
		if err != nil {
			return err
		}
		masked, err := masker.MaskEvent(message.Envelope)
		if err != nil {
			return fmt.Errorf("event %s: %w", message.ID, err)
		}
		if err := show(masked); err != nil {
			return err
		}
	}
	return nil
}

func newPublish() *cobra.Command {
	cmd := &cobra.Command{Use: "publish FILE", Short: "Publish the CloudEvent in a file (- for standard input)", Args: cobra.ExactArgs(1)}
	on := targetFlag(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, args []string) error {
		text, err := readFile(cmd, args[0])
		if err != nil {
			return usageError{err}
		}
		e, err := event.ParseCloudEvent(text)
		if err != nil {
			return usageError{fmt.Errorf("%s: %w", args[0], err)}
		}
		validator, err := contracts.NewValidator()
		if err != nil {
			return err
		}
		if err := validator.Validate(e.Type, e.Data); err != nil {
			return usageError{fmt.Errorf("%s: %w", args[0], err)}
		}
		if err := on.with(cmd.Context(), func(mesh target.Mesh) error { return mesh.Publish(cmd.Context(), e) }); err != nil {
			return err
		}
		return printer{cmd.OutOrStdout(), *asJSON}.print(map[string]string{"id": e.ID.String(), "type": e.Type}, "published "+e.ID.String())
	})
	return cmd
}

func readFile(cmd *cobra.Command, path string) ([]byte, error) {
	const limit = 1 << 20
	if path == "-" {
		return io.ReadAll(io.LimitReader(cmd.InOrStdin(), limit))
	}
	return os.ReadFile(path)
}

func newReplay() *cobra.Command {
	cmd := &cobra.Command{Use: "replay", Short: "Deliver archived events to one consumer again", Args: cobra.NoArgs}
	on := targetFlag(cmd)
	asJSON := jsonFlag(cmd)
	consumer := cmd.Flags().String("consumer", "", "the consumer's queue")
	from := cmd.Flags().String("from", "", "time of the first event, RFC 3339")
	to := cmd.Flags().String("to", "", "time before which the last event was (default now)")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		begin, err := time.Parse(time.RFC3339, *from)
		if err != nil {
			return usageError{fmt.Errorf("--from: %q is no RFC 3339 time", *from)}
		}
		end := time.Now()
		if *to != "" {
			if end, err = time.Parse(time.RFC3339, *to); err != nil {
				return usageError{fmt.Errorf("--to: %q is no RFC 3339 time", *to)}
			}
		}
		if *consumer == "" {
			return usageError{errors.New("--consumer is needed")}
		}
		return on.with(cmd.Context(), func(mesh target.Mesh) error {
			replay, err := mesh.Replay(cmd.Context(), *consumer, begin, end)
			if err != nil {
				return err
			}
			if replay.Name != "" {
				return printer{cmd.OutOrStdout(), *asJSON}.print(map[string]any{"consumer": *consumer, "replay": replay.Name}, fmt.Sprintf("replayed events to %s by replay %s", *consumer, replay.Name))
			}
			return printer{cmd.OutOrStdout(), *asJSON}.print(map[string]any{"consumer": *consumer, "replayed": replay.Events}, fmt.Sprintf("replayed %d events to %s", replay.Events, *consumer))
		})
	})
	return cmd
}
