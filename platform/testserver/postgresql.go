package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// superuser is the role that tests connect as.
const superuser = "postgres"

// access lets the superuser in without a password; a role that a test makes needs the
// one it was given.
const access = `local all all trust
host all ` + superuser + ` 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
`

// StartPostgreSQL starts PostgreSQL with the superuser "postgres", who alone needs no
// password from this machine. It does not run as root, so then it runs as the system's
// user postgres. The durability of what it keeps is off.
func StartPostgreSQL(ctx context.Context) (*Server, error) {
	as, err := postgresUser()
	if err != nil {
		return nil, err
	}
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return nil, err
	}
	postgres, err := postgresProgram("postgres")
	if err != nil {
		return nil, err
	}
	ready, err := postgresProgram("pg_isready")
	if err != nil {
		return nil, err
	}
	return program{
		name:   "postgresql",
		signal: "INT",
		user:   as,
		prepare: func(ctx context.Context, folder string, as *syscall.Credential) error {
			command := exec.CommandContext(ctx, initdb, "-D", filepath.Join(folder, "data"), "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
			command.Dir = folder
			command.SysProcAttr = &syscall.SysProcAttr{Credential: as}
			if output, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("initdb: %w\n%s", err, output)
			}
			return os.WriteFile(filepath.Join(folder, "data", "pg_hba.conf"), []byte(access), 0o600)
		},
		command: func(folder string, port int) []string {
			return []string{
				postgres, "-D", filepath.Join(folder, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", folder,
				"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB",
			}
		},
		answers: func(ctx context.Context, address string) error {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return err
			}
			return exec.CommandContext(ctx, ready, "-q", "-h", host, "-p", port, "-U", superuser).Run()
		},
	}.start(ctx)
}

// createDatabase makes an empty database on the server and returns how to connect.
func createDatabase(ctx context.Context, address, name string) (string, error) {
	if err := administer(ctx, address, "createdb", "-T", "template0", name); err != nil {
		return "", err
	}
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", superuser, address, name), nil
}

func dropDatabase(ctx context.Context, address, name string) error {
	return administer(ctx, address, "dropdb", "--force", name)
}

func administer(ctx context.Context, address, tool string, arguments ...string) error {
	path, err := postgresProgram(tool)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, path, append([]string{"-h", host, "-p", port, "-U", superuser, "-w"}, arguments...)...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", tool, err, output)
	}
	return nil
}

// postgresUser returns whom PostgreSQL is to run as when that is not who runs this.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// postgresProgram finds a program of PostgreSQL: where Debian has the newest version,
// which is not in the path, or else in the path.
func postgresProgram(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql", "*", "bin", name))
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b string) int { return postgresVersion(a) - postgresVersion(b) }), nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", errors.New("PostgreSQL is not installed: apt-get install postgresql")
	}
	return path, nil
}

func postgresVersion(path string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return version
}
