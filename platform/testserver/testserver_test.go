package testserver_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ticketmesh.dev/platform/testserver"
)

func TestServersAnswer(t *testing.T) {
	t.Parallel()
	response, err := http.Get(testserver.Moto(t) + "/moto-api/data.json")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if first, second := testserver.PostgreSQL(t), testserver.PostgreSQL(t); first == second {
		t.Errorf("two tests share the database %s", first)
	}
	connection, err := net.Dial("tcp", testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
}

// TestAServerEndsWithTheProcessThatStartedIt kills a process that could not clean up.
func TestAServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	owner := exec.Command(os.Args[0], "-test.run", "^TestMain$")
	owner.Env = append(os.Environ(), "START=redis")
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	if _, err := net.Dial("tcp", address); err != nil {
		t.Fatal(err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	for {
		connection, err := net.Dial("tcp", address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			connection.Close()
		}
		select {
		case <-t.Context().Done():
			t.Fatal("it goes on")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestCloseEndsAServer(t *testing.T) {
	t.Parallel()
	server, err := testserver.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", server.Address); err == nil {
		t.Error("it answers still")
	}
}

// TestMain starts a server and stays, when it is told to, in place of the tests.
func TestMain(m *testing.M) {
	if os.Getenv("START") != "redis" {
		os.Exit(m.Run())
	}
	server, err := testserver.StartRedis(context.Background())
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(server.Address + "\n")
	select {}
}
