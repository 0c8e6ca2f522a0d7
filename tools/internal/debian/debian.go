// Package debian installs packages of the system where that is Debian and the caller
// may: servers and programs that tests and checks need and no other registry has.
package debian

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Install installs the packages, in the version that the system's release has. An error
// is one line that says what to run when it cannot be done from here.
func Install(ctx context.Context, packages ...string) error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("these packages are needed: sudo apt-get install %s", strings.Join(packages, " "))
	}
	for _, arguments := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...),
	} {
		command := exec.CommandContext(ctx, "apt-get", arguments...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(arguments, " "), err, bytes.TrimSpace(output))
		}
	}
	return nil
}
