// Command contracts generates the code of the contracts, and what API Gateway knows
// of them. `mesh contracts gen` does the same; this one links no service, so that it
// still builds when a changed contract has broken them.
package main

import (
	"context"
	"fmt"
	"os"

	"ticketmesh.dev/tools/internal/contractgen"
	"ticketmesh.dev/tools/internal/gateway"
)

func main() {
	root, services := ".", []string(nil)
	if len(os.Args) > 1 {
		root, services = os.Args[1], os.Args[2:]
	}
	written, err := contractgen.Run(context.Background(), root, services...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "contracts:", err)
		os.Exit(1)
	}
	for _, name := range written {
		fmt.Println("contracts/" + name)
	}
	definitions, err := gateway.Run(root, services...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "contracts:", err)
		os.Exit(1)
	}
	for _, name := range definitions {
		fmt.Println(name)
	}
}
