package notifications_test

import (
	"io"
	"net"
	"testing"

	server "github.com/emersion/go-smtp"

	"ticketmesh.dev/services/notifications/embedded"
)

// choosy is a mail server that takes no mail for nobody@example.com.
type choosy struct{}

func (choosy) NewSession(*server.Conn) (server.Session, error) { return choosy{}, nil }

func (choosy) Mail(string, *server.MailOptions) error { return nil }

func (choosy) Rcpt(to string, _ *server.RcptOptions) error {
	if to == "nobody@example.com" {
		return &server.SMTPError{Code: 550, EnhancedCode: server.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	return nil
}

func (choosy) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (choosy) Reset() {}

func (choosy) Logout() error { return nil }

// serveMail returns the port of a mail server that lives as long as the test.
func serveMail(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := server.NewServer(choosy{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // it ends with the test
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // the server doesn't know it before Serve has begun
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

// TestContractEveryDeclaredEventIsPublished causes every event that the contract
// declares, by events that are consumed.
func TestContractEveryDeclaredEventIsPublished(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.close()
	config := m.config()
	config.SMTP = &embedded.SMTP{Host: "127.0.0.1", Port: serveMail(t), TLS: "none", From: "Tickets <tickets@example.com>"}
	m.openWith(config)
	m.run()
	s := newStage()
	m.mustHandle(s.scheduled(1, nil), s.order("anna", 1).confirmed(), s.order("nobody", 1).confirmed()) // message sent, message failed
	m.eventually("both are published", func() bool { return len(m.bus.all()) == 2 })
	if unseen := m.bus.published.Unseen(); len(unseen) > 0 {
		t.Errorf("never published: %v", unseen)
	}
}
