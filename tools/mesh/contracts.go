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
)

func newContracts() *cobra.Command {
	gen := &cobra.Command{Use: "gen [SERVICE...]", Short: "Generate the Go code and TypeScript types of the contracts", Args: cobra.ArbitraryArgs}
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
	return group("contracts", "Work on the contracts", gen, newCheck(), newDocs())
}

func newCheck() *cobra.Command {
	cmd := &cobra.Command{Use: "check --against REF", Short: "Find changes of schemas and OpenAPI documents that a consumer would notice", Args: cobra.NoArgs}
	asJSON := jsonFlag(cmd)
	root := cmd.Flags().String("root", ".", "root of the workspace")
	against := cmd.Flags().String("against", "", "git ref to compare with; releases (tags v*) are compared with as well")
	cmd.RunE = does(func(cmd *cobra.Command, _ []string) error {
		if *against == "" {
			return usageError{errors.New("--against is needed")}
		}
		findings, err := compat.Check(cmd.Context(), *root, *against)
		if errors.Is(err, compat.ErrUnknownRef) {
			return usageError{fmt.Errorf("--against: %w", err)}
		}
		if err != nil {
			return err
		}
		out := printer{cmd.OutOrStdout(), *asJSON}
		for _, f := range findings {
			if err := out.print(f, findingLine(f, *against)); err != nil {
				return err
			}
		}
		if len(findings) > 0 {
			return fmt.Errorf("incompatible with %s: %d found", strings.Join(refs(findings), ", "), len(findings))
		}
		return nil
	})
	return cmd
}

func findingLine(f compat.Finding, against string) string {
	pointer := cmp.Or(f.Pointer, "/") // the whole file, which has an empty one
	if f.Against != against {
		return fmt.Sprintf("%s %s: %s: %s (since %s); %s", f.File, pointer, f.Rule, f.Change, f.Against, f.Remedy)
	}
	return fmt.Sprintf("%s %s: %s: %s; %s", f.File, pointer, f.Rule, f.Change, f.Remedy)
}

// refs are the git refs that the findings are against.
func refs(findings []compat.Finding) []string {
	var all []string
	for _, f := range findings {
		if !slices.Contains(all, f.Against) {
			all = append(all, f.Against)
		}
	}
	return all
}
