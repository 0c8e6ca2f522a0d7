package testserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
)

// StartRedis starts Redis, or Valkey in its place.
func StartRedis(ctx context.Context) (*Server, error) {
	path, err := redisProgram()
	if err != nil {
		return nil, err
	}
	return program{
		name: "redis",
		command: func(folder string, port int) []string {
			return []string{path, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", folder, "--save", "", "--appendonly", "no"}
		},
		answers: func(ctx context.Context, address string) error {
			var dialer net.Dialer
			connection, err := dialer.DialContext(ctx, "tcp", address)
			if err != nil {
				return err
			}
			defer connection.Close()
			if _, err := connection.Write([]byte("PING\r\n")); err != nil {
				return err
			}
			answer, err := bufio.NewReader(connection).ReadString('\n')
			if err == nil && strings.TrimSpace(answer) != "+PONG" {
				err = fmt.Errorf("it says %q", answer)
			}
			return err
		},
	}.start(ctx)
}

func redisProgram() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("Redis is not installed: apt-get install redis-server")
}
