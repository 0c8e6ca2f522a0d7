package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"ticketmesh.dev/tools/internal/demo"
)

// ownConsumer is the consumer that the README has its reader make, at work.
type ownConsumer struct {
	t       testing.TB
	command *exec.Cmd
	log     logBuffer
}

// startConsumer runs a script whose last command is the consumer.
func startConsumer(t testing.TB, folder, script string) *ownConsumer {
	t.Helper()
	c := &ownConsumer{t: t, command: exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-eu", "-c", script)}
	c.command.Dir = folder
	c.command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	c.command.Stdout, c.command.Stderr = &c.log, &c.log
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.command.Process.Kill() }) // unless it has ended
	return c
}

// receives waits until the consumer has printed a line about an order.
func (c *ownConsumer) receives(orderID string) {
	c.t.Helper()
	until(c.t, "the consumer has received an order", func() bool { return strings.Contains(c.log.String(), orderID) })
}

// stop has the consumer end in good order.
func (c *ownConsumer) stop() {
	c.t.Helper()
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	if err := c.command.Wait(); err != nil {
		c.t.Errorf("the consumer ended with %v\n%s", err, c.log.String())
	}
}

// TestTheREADMEsOwnConsumerGetsEverySale does what the README shows, sells, and
// sells while the consumer is down.
func TestTheREADMEsOwnConsumerGetsEverySale(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Subscribe your own consumer\n")
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(section)
	if block == nil {
		t.Fatal("the README has no such section with commands")
	}
	c := demoMesh(t)
	h := c.openHouse(t, "Own consumer", rows(1, 10, 0), nil)
	_, buyer := c.customer(t)
	workspace := filepath.Join(t.TempDir(), "workspace")
	if err := os.Mkdir(workspace, 0o700); err != nil {
		t.Fatal(err)
	}
	// A SIGTERM to `go run` would not get to the consumer.
	const asShown = "\ngo run . --url http://127.0.0.1:8080\n"
	if strings.Count(block[1], asShown) != 1 || strings.Count(block[1], "dist/mesh ") != 1 {
		t.Fatalf("the README shows\n%s", block[1])
	}
	run := "exec ./consumer --url " + c.url + "\n"
	script := strings.NewReplacer("dist/mesh ", binary+" ", asShown, "\ngo build -o consumer .\n"+run).Replace(block[1])
	consumer := startConsumer(t, workspace, script)
	until(t, "the consumer has subscribed", func() bool {
		if consumer.command.ProcessState != nil || strings.Contains(consumer.log.String(), "FAIL") {
			t.Fatal(consumer.log.String())
		}
		return strings.Contains(consumer.log.String(), `"subscribed"`)
	})
	var bought []string
	for _, seat := range []string{"1-1", "1-2"} {
		bought = append(bought, c.buy(t, buyer, h.performanceID, place{"hall", seat}).OrderID)
		consumer.receives(bought[len(bought)-1])
	}
	consumer.stop()

	for _, seat := range []string{"1-3", "1-4"} {
		bought = append(bought, c.buy(t, buyer, h.performanceID, place{"hall", seat}).OrderID)
	}
	folder := filepath.Join(filepath.Dir(workspace), "box-office")
	again := startConsumer(t, folder, "export TICKETMESH_EMAIL="+demo.Subscriber+" TICKETMESH_PASSWORD="+demo.Password+"\n"+run)
	for _, orderID := range bought[2:] {
		again.receives(orderID)
	}
	again.stop()
	ledger, err := os.ReadFile(filepath.Join(folder, "box-office.ledger"))
	if err != nil {
		t.Fatal(err)
	}
	for _, orderID := range bought {
		if n := strings.Count(string(ledger), orderID); n != 1 {
			t.Errorf("order %s is %d times in the ledger", orderID, n)
		}
	}
	if strings.Contains(again.log.String(), bought[0]) {
		t.Error("what was acknowledged came again")
	}
}
