package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ticketmesh.dev/platform/sqlitebus"
)

// finding is one thing that doctor looked at.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{Use: "doctor", Short: "Look whether a mesh is well: its folder, its queues, its health", Args: cobra.NoArgs}
	data := dataFlag(cmd)
	asJSON := jsonFlag(cmd)
	url := cmd.Flags().String("url", "", "also ask the running mesh at this address")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		findings := append(examineFolder(*data), examineQueues(cmd.Context(), *data)...)
		if *url != "" {
			findings = append(findings, examineHealth(cmd.Context(), *url))
		}
		out := printer{cmd.OutOrStdout(), *asJSON}
		ill := 0
		for _, f := range findings {
			mark := "ok  "
			if !f.OK {
				mark = "FAIL"
				ill++
			}
			if err := out.print(f, fmt.Sprintf("%s %-28s %s", mark, f.Check, f.Detail)); err != nil {
				return err
			}
		}
		if ill > 0 {
			return fmt.Errorf("%d of %d checks failed", ill, len(findings))
		}
		return nil
	})
	return cmd
}

// examineFolder looks at the files: they are there, and secrets are their owner's alone.
func examineFolder(data string) []finding {
	info, err := os.Stat(data)
	if err != nil || !info.IsDir() {
		return []finding{{"data folder", false, data + " is no folder; `mesh up` makes it"}}
	}
	findings := []finding{{"data folder", true, data}}
	entries, err := os.ReadDir(data)
	if err != nil {
		return append(findings, finding{"data folder", false, err.Error()})
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, "-secret") && !strings.HasSuffix(name, "-key") {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			findings = append(findings, finding{name, false, err.Error()})
			continue
		}
		findings = append(findings, finding{name, info.Mode().Perm() == 0o600, fmt.Sprintf("mode %04o, wants 0600", info.Mode().Perm())})
	}
	return findings
}

// examineQueues looks for dead letters.
func examineQueues(ctx context.Context, data string) []finding {
	if _, err := os.Stat(filepath.Join(data, "bus.db")); err != nil {
		return []finding{{"bus", false, "there is none yet"}}
	}
	var findings []finding
	err := withBus(ctx, data, func(bus *sqlitebus.Bus) error {
		queues, err := bus.Queues(ctx)
		for _, queue := range queues {
			kind := "queue "
			if queue.Owner != "" {
				kind = "subscription "
			}
			findings = append(findings, finding{kind + queue.Name, queue.Dead == 0, fmt.Sprintf("%d waiting, %d in flight, %d dead", queue.Depth, queue.InFlight, queue.Dead)})
		}
		return err
	})
	if err != nil {
		findings = append(findings, finding{"bus", false, err.Error()})
	}
	return findings
}

// examineHealth asks a running mesh how its parts are.
func examineHealth(ctx context.Context, url string) finding {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ask := func() (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(url, "/")+"/healthz", nil)
		if err != nil {
			return "", err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		var health struct{ Parts map[string]string }
		if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&health); err != nil {
			return "", err
		}
		parts := fmt.Sprint(health.Parts)
		if answer.StatusCode != http.StatusOK {
			return parts, errors.New(answer.Status)
		}
		return parts, nil
	}
	parts, err := ask()
	if err != nil {
		return finding{"health", false, strings.TrimSpace(err.Error() + " " + parts)}
	}
	return finding{"health", true, parts}
}
