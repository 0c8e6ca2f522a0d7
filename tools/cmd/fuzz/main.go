// Command fuzz has schemathesis try every API document on running meshes, as each
// kind of caller, and exits with 1 when an answer and a document differ; 2 is for
// wrong usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"ticketmesh.dev/tools/internal/apifuzz"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	config := apifuzz.Config{Output: stdout}
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&config.Root, "root", ".", "folder of the workspace")
	flags.StringVar(&config.Binary, "mesh", "dist/mesh", "the mesh command")
	flags.IntVar(&config.Seed, "seed", 0, "seed of the random requests instead of the configured one")
	flags.IntVar(&config.Examples, "examples", 0, "most random requests for an operation instead of the configured number")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	if flags.NArg() > 0 || config.Seed < 0 || config.Examples < 0 {
		flags.Usage()
		return 2
	}
	if err := apifuzz.Run(ctx, config); err != nil {
		fmt.Fprintln(stderr, "fuzz:", err)
		return 1
	}
	return 0
}
