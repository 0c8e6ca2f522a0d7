package aws_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"ticketmesh.dev/services/info/aws/migrate"
)

// server takes connections as PostgreSQL does behind TLS, hears the password, and turns
// it down.
type server struct {
	port      string
	passwords chan string
	// authority is a file with what signed its certificate.
	authority string
}

func newServer(t *testing.T) *server {
	t.Helper()
	// Of this one only the certificate is used.
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &server{
		port:      strconv.Itoa(listener.Addr().(*net.TCPAddr).Port),
		passwords: make(chan string, 10),
		authority: filepath.Join(t.TempDir(), "authority.pem"),
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})
	if err := os.WriteFile(s.authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(connection, &tls.Config{Certificates: certified.TLS.Certificates})
		}
	}()
	return s
}

func (s *server) serve(connection net.Conn, c *tls.Config) {
	defer connection.Close()
	plain := pgproto3.NewBackend(connection, connection)
	if first, err := plain.ReceiveStartupMessage(); err != nil {
		return
	} else if _, ok := first.(*pgproto3.SSLRequest); !ok {
		s.passwords <- "without TLS"
		return
	}
	if _, err := connection.Write([]byte("S")); err != nil {
		return
	}
	encrypted := tls.Server(connection, c)
	backend := pgproto3.NewBackend(encrypted, encrypted)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return // the client does not trust it
	}
	backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	if backend.SetAuthType(pgproto3.AuthTypeCleartextPassword) != nil || backend.Flush() != nil {
		return
	}
	message, err := backend.Receive()
	if password, ok := message.(*pgproto3.PasswordMessage); ok && err == nil {
		s.passwords <- password.Password
	}
	backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28000", Message: "PAM authentication failed"})
	_ = backend.Flush()
}

func TestWithoutASecretTheUserSignsInByIAMAndToAVerifiedServer(t *testing.T) {
	t.Parallel()
	c, s := newCloud(t), newServer(t)
	variables := []string{
		"TICKETMESH_DATABASE_SECRET", "TICKETMESH_DATABASE_TLS", "TICKETMESH_DATABASE_HOST=127.0.0.1", "TICKETMESH_DATABASE_PORT=" + s.port,
		"TICKETMESH_DATABASE_NAME=info", "TICKETMESH_DATABASE_USER=info_api",
	}
	try := func(more string) {
		t.Helper()
		handle, err := migrate.Open(t.Context(), c.without(append(variables, more)...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := handle(t.Context(), fromHand); err == nil {
			t.Error("it migrated without a database")
		}
	}

	try("TICKETMESH_DATABASE_CA")
	select {
	case password := <-s.passwords:
		t.Fatalf("a server that nobody trusts was told %q", password)
	default:
	}

	try("TICKETMESH_DATABASE_CA=" + s.authority)
	address, query, _ := strings.Cut(<-s.passwords, "?")
	token, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if address != "127.0.0.1:"+s.port || token.Get("Action") != "connect" || token.Get("DBUser") != "info_api" || token.Get("X-Amz-Signature") == "" {
		t.Errorf("the password is for %s, %v; want a token for info_api", address, token)
	}
}

func TestWhoSignsForTheServerIsKnown(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, tt := range []struct {
		name string
		give []string
		want bool
	}{
		{"RDS in the region", nil, true},
		{"RDS in a region that is not known", []string{"AWS_REGION=eu-nowhere-1"}, false},
		{"the machine's, there", []string{"AWS_REGION=eu-nowhere-1", "TICKETMESH_DATABASE_CA=system"}, true},
		{"a file that is not there", []string{"TICKETMESH_DATABASE_CA=/nowhere"}, false},
		{"a file without any", []string{"TICKETMESH_DATABASE_CA=config.go"}, false},
	} {
		_, err := migrate.Open(t.Context(), c.without(append(tt.give, "TICKETMESH_DATABASE_TLS")...))
		if (err == nil) != tt.want || err != nil && !strings.Contains(err.Error(), "TICKETMESH_DATABASE_CA: ") {
			t.Errorf("%s: err = %v, want success: %v", tt.name, err, tt.want)
		}
	}
}

// TestTheAuthoritiesOfRDSAreItsOwn looks at each file for what it is to be.
func TestTheAuthoritiesOfRDSAreItsOwn(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("rds/*.pem")
	if err != nil || len(files) < 27 {
		t.Fatalf("%d regions, %v", len(files), err)
	}
	until := time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		region, count := strings.TrimSuffix(filepath.Base(file), ".pem"), 0
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			count++
			authority, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			name := authority.Subject.CommonName
			if !authority.IsCA || authority.CheckSignatureFrom(authority) != nil || authority.NotAfter.Before(until) || !strings.HasPrefix(name, "Amazon RDS "+region+" Root CA ") {
				t.Errorf("%s: %s until %v is none of its authorities", region, name, authority.NotAfter)
			}
		}
		if count != 3 {
			t.Errorf("%s has %d authorities, want 3", region, count)
		}
	}
}
