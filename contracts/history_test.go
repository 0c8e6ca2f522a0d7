package contracts_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
)

// historyEntry is one of a file's x-history.
type historyEntry struct{ Date, Change string }

func TestEveryFileTellsItsHistory(t *testing.T) {
	t.Parallel()
	found := 0
	for _, folder := range []string{"events", "api"} {
		err := fs.WalkDir(contracts.Files, folder, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".schema.json") && !strings.HasSuffix(file, ".openapi.yaml") {
				return err
			}
			text, err := contracts.Files.ReadFile(file)
			if err != nil {
				return err
			}
			found++
			var document struct {
				History []historyEntry `yaml:"x-history"`
				Info    struct {
					History []historyEntry `yaml:"x-history"`
				}
			}
			if err := yaml.Unmarshal(text, &document); err != nil {
				t.Errorf("%s: %v", file, err)
				return nil
			}
			history := document.History
			if folder == "api" {
				history = document.Info.History
			}
			for _, wrong := range implausible(history, time.Now()) {
				t.Errorf("%s: %s", file, wrong)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 28 {
		t.Errorf("%d files, want the 28 of the first version at least", found)
	}
}

func TestImplausibleHistoriesAreTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	first := historyEntry{"2026-11-25", "First version."}
	tests := []struct {
		name string
		give []historyEntry
		want string
	}{
		{"none", nil, "no history"},
		{"no date", []historyEntry{{"", "First version."}}, "no date"},
		{"a time", []historyEntry{{"2026-11-25T12:00:00Z", "First version."}}, "no date"},
		{"no such day", []historyEntry{{"2026-11-31", "First version."}}, "no date"},
		{"before the first", []historyEntry{{"2026-11-24", "First version."}}, "before the contracts"},
		{"to come", []historyEntry{{"2027-02-02", "A note."}, first}, "to come"},
		{"oldest first", []historyEntry{first, {"2026-11-26", "A note."}}, "newest first"},
		{"nothing said", []historyEntry{{"2026-11-26", " "}, first}, "no change"},
		{"right", []historyEntry{{"2027-01-31", "A note."}, {"2026-11-25", "Another."}, first}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(implausible(tt.give, now), ", ")
			if !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// implausible says what is wrong with a history.
func implausible(history []historyEntry, now time.Time) []string {
	if len(history) == 0 {
		return []string{"it has no history"}
	}
	begin := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	var wrong []string
	newer := now.AddDate(0, 0, 1) // it is tomorrow already somewhere
	for _, entry := range history {
		date, err := time.Parse(time.DateOnly, entry.Date)
		switch {
		case err != nil:
			wrong = append(wrong, "no date: "+entry.Date)
			continue
		case date.Before(begin):
			wrong = append(wrong, entry.Date+" is before the contracts were")
		case date.After(now.AddDate(0, 0, 1)):
			wrong = append(wrong, entry.Date+" is to come")
		case date.After(newer):
			wrong = append(wrong, entry.Date+" is below an older entry, and the newest first is wanted")
		}
		if strings.TrimSpace(entry.Change) == "" {
			wrong = append(wrong, entry.Date+": no change is said")
		}
		newer = date
	}
	return wrong
}
