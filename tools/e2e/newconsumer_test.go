package e2e_test

import (
	"fmt"
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
	ended   chan error
	log     logBuffer
}

// startConsumer runs a script whose last command is the consumer.
func startConsumer(t testing.TB, folder, script string) *ownConsumer {
	t.Helper()
	c := &ownConsumer{t: t, command: exec.CommandContext(t.Context(), "bash", "-eu", "-c", script), ended: make(chan error, 1)}
	c.command.Dir = folder
	c.command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	c.command.Stdout, c.command.Stderr = &c.log, &c.log
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.ended <- c.command.Wait() }()
	return c
}

// prints waits until the consumer has printed something.
func (c *ownConsumer) prints(text string) {
	c.t.Helper()
	until(c.t, "the consumer prints "+text, func() bool {
		select {
		case err := <-c.ended:
			c.t.Fatalf("the consumer ended with %v\n%s", err, c.log.String())
		default:
		}
		return strings.Contains(c.log.String(), text)
	})
}

// stop has the consumer end in good order.
func (c *ownConsumer) stop() {
	c.t.Helper()
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	if err := <-c.ended; err != nil {
		c.t.Errorf("the consumer ended with %v\n%s", err, c.log.String())
	}
}

// TestTheREADMEsOwnConsumerGetsEverySale does what the README shows, sells, and
// sells after the mesh has died and while the consumer is down.
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
	s := startServer(t)
	meshOK(t, demo.Password+"\n", "users", "add", demo.Subscriber, "--data", s.data, "--group", "subscriber")
	c := s.client()
	h := c.openHouse(t, "Own consumer", rows(1, 10, 0), nil)
	_, buyer := c.customer(t)
	var bought []string
	buy := func() string {
		orderID := s.client().buy(t, buyer, h.performanceID, place{"hall", fmt.Sprintf("1-%d", len(bought)+1)}).OrderID
		bought = append(bought, orderID)
		return orderID
	}
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
	consumer.prints(`"subscribed"`)
	consumer.prints(buy())
	s.kill()
	consumer.prints("the mesh does not answer")
	s.start()
	consumer.prints(buy())
	consumer.stop()

	missed := []string{buy(), buy()}
	folder := filepath.Join(filepath.Dir(workspace), "box-office")
	again := startConsumer(t, folder, "export TICKETMESH_EMAIL="+demo.Subscriber+" TICKETMESH_PASSWORD="+demo.Password+"\n"+run)
	for _, orderID := range missed {
		again.prints(orderID)
	}
	again.stop()
	// It has acknowledged what it was at.
	var left struct{ Depth, InFlight, Dead int }
	s.client().get(t, s.client().signIn(t, demo.Subscriber, demo.Password).Access, "/bus/subscriptions/box-office", &left)
	if left.Depth+left.InFlight+left.Dead > 0 {
		t.Errorf("left in the subscription: %+v\n%s", left, again.log.String())
	}
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
