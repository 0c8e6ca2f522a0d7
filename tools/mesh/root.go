package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// run executes the command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	// One line, also when several things went wrong at once.
	fmt.Fprintln(stderr, "mesh:", strings.ReplaceAll(err.Error(), "\n", "; "))
	if failed := (*failure)(nil); errors.As(err, &failed) {
		return exitFailed
	}
	return exitUsage
}

// failure is an error of a command that was understood; every other error of a
// command line is one of usage.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usageError is what a command finds wrong with its arguments by itself.
type usageError struct{ error }

// does wraps a command's work, so that its errors count as failures.
func does(work func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := work(cmd, args)
		if usage := (usageError{}); err == nil || errors.As(err, &usage) {
			return err
		}
		return &failure{err}
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "mesh",
		Short:         "Run Ticketmesh on one machine and look into it",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newUp(), newUsers(), newEvents(), newDLQ(), newContracts(), newSeatPlan(), newBench(), newCost(), newDoctor(), newNew())
	return root
}

// group is a command that only has commands of its own.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	parent := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New(cmd.CommandPath() + " needs a command; see --help")}
		},
	}
	parent.AddCommand(commands...)
	return parent
}

// dataFlag says which mesh is meant by its folder.
func dataFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("data", ".mesh", "folder that the mesh keeps its data in")
}

func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON: one object a line for lists and streams, one object for a report")
}

// printer writes results as text lines or as JSON.
type printer struct {
	out    io.Writer
	asJSON bool
}

func (p printer) print(value any, text string) error {
	if !p.asJSON {
		_, err := fmt.Fprintln(p.out, text)
		return err
	}
	return json.NewEncoder(p.out).Encode(value)
}
