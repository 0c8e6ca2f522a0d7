package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ticketmesh.dev/tools/internal/compat"
	"ticketmesh.dev/tools/internal/contractgen"
	"ticketmesh.dev/tools/internal/gateway"
)

func newContracts() *cobra.Command {
	gen := &cobra.Command{Use: "gen [SERVICE...]", Short: "Generate the Go code and TypeScript types of the contracts, and what API Gateway knows of them", Args: cobra.ArbitraryArgs}
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
		definitions, err := gateway.Run(*root, args...)
		if err != nil {
			return err
		}
		for _, name := range definitions {
			if err := out.print(map[string]string{"file": name}, name); err != nil {
				return err
			}
		}
		return nil
	})
	return group("contracts", "Work on the contracts", gen, newCheck(), newDiff(), newDocs())
}

// comparison adds the flags of what compares with a ref.
func comparison(cmd *cobra.Command) (root, against *string, asJSON *bool) {
	root = cmd.Flags().String("root", ".", "root of the workspace")
	against = cmd.Flags().String("against", "", "git ref to compare with")
	return root, against, jsonFlag(cmd)
}

// usage tells a wrong ref from what fails.
func usage(err error) error {
	if errors.Is(err, compat.ErrUnknownRef) {
		return usageError{fmt.Errorf("--against: %w", err)}
	}
	return err
}

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check --against REF",
		Short: "Find changes of schemas and OpenAPI documents that a consumer would notice",
		Long: "Find changes of schemas and OpenAPI documents since REF that a consumer would notice, and files that\n" +
			"changed without a new entry in their x-history. Releases (tags v*) that HEAD descends from are\n" +
			"compared with as well. contracts/corrections.yaml accepts what only a document had wrong.",
		Args: cobra.NoArgs,
	}
	root, against, asJSON := comparison(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if *against == "" {
			return usageError{errors.New("--against is needed")}
		}
		report, err := compat.Check(cmd.Context(), *root, *against)
		if err != nil {
			return usage(err)
		}
		out := printer{cmd.OutOrStdout(), *asJSON}
		var refs []string // that something is incompatible with
		failed, accepted := 0, 0
		for _, f := range report.Findings {
			if f.Accepted != "" {
				accepted++
			} else {
				failed++
				if !slices.Contains(refs, f.Against) {
					refs = append(refs, f.Against)
				}
			}
			if err := out.print(f, findingLine(f, *against)); err != nil {
				return err
			}
		}
		for _, c := range report.Unused {
			if err := out.print(unused{c, true}, fmt.Sprintf("unused correction: %s %s: %s: %s", c.File, c.Pointer, c.Rule, c.Reason)); err != nil {
				return err
			}
		}
		if accepted > 0 && !*asJSON {
			fmt.Fprintf(cmd.OutOrStdout(), "%d accepted as corrections\n", accepted)
		}
		if failed > 0 {
			return fmt.Errorf("%d found against %s", failed, strings.Join(refs, ", "))
		}
		return nil
	})
	return cmd
}

// unused is a correction that accepts nothing.
type unused struct {
	compat.Correction
	Unused bool `json:"unused"`
}

func findingLine(f compat.Finding, against string) string {
	line := fmt.Sprintf("%s %s: %s: %s", f.File, cmp.Or(f.Pointer, "/"), f.Rule, f.Change) // "/" for the whole file
	if f.Against != against {
		line += " (since " + f.Against + ")"
	}
	if f.Accepted != "" {
		return "accepted: " + line + "; " + f.Accepted
	}
	return line + "; " + f.Remedy
}

func newDiff() *cobra.Command {
	cmd := &cobra.Command{Use: "diff --against REF", Short: "List all changes of schemas and OpenAPI documents since REF", Args: cobra.NoArgs}
	root, against, asJSON := comparison(cmd)
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if *against == "" {
			return usageError{errors.New("--against is needed")}
		}
		changes, err := compat.Diff(cmd.Context(), *root, *against)
		if err != nil {
			return usage(err)
		}
		out := printer{cmd.OutOrStdout(), *asJSON}
		for _, f := range changes {
			verdict := "incompatible"
			if f.Compatible {
				verdict = "compatible"
			}
			if err := out.print(f, fmt.Sprintf("%s: %s %s: %s: %s", verdict, f.File, cmp.Or(f.Pointer, "/"), f.Rule, f.Change)); err != nil {
				return err
			}
		}
		return nil
	})
	return cmd
}
