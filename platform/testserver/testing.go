package testserver

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// The variables by which a suite names the servers it started: host and port of each.
const (
	EnvMoto       = "TICKETMESH_TEST_MOTO"
	EnvPostgreSQL = "TICKETMESH_TEST_POSTGRESQL"
	EnvRedis      = "TICKETMESH_TEST_REDIS"
)

var (
	moto       = shared(EnvMoto, StartMoto)
	postgreSQL = shared(EnvPostgreSQL, StartPostgreSQL)
	redis      = shared(EnvRedis, StartRedis)
)

// shared returns a function that finds or starts the one server of this process.
func shared(variable string, start func(context.Context) (*Server, error)) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		if address := os.Getenv(variable); address != "" {
			return address, nil
		}
		// It serves every test of the process, so it ends with that and not with a test.
		server, err := start(context.Background())
		if err != nil {
			return "", err
		}
		return server.Address, nil
	})
}

func address(tb testing.TB, find func() (string, error)) string {
	tb.Helper()
	found, err := find()
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// Moto returns the endpoint of the AWS APIs as moto server plays them, for instance
// http://127.0.0.1:5000. Any credentials will do. Tables, queues and the like need names
// that no other test has. Concurrent TransactWriteItems are not atomic there.
func Moto(tb testing.TB) string {
	tb.Helper()
	return "http://" + address(tb, moto)
}

// PostgreSQL returns how to connect to a database of the test's own, empty, as the
// server's superuser. It goes with the test.
func PostgreSQL(tb testing.TB) string {
	tb.Helper()
	server := address(tb, postgreSQL)
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	dsn, err := createDatabase(tb.Context(), server, name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := dropDatabase(context.WithoutCancel(tb.Context()), server, name); err != nil {
			tb.Error(err)
		}
	})
	return dsn
}

// Redis returns host and port of a Redis. Keys need a prefix that no other test has.
func Redis(tb testing.TB) string {
	tb.Helper()
	return address(tb, redis)
}
