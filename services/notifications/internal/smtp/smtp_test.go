package smtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	server "github.com/emersion/go-smtp"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/smtp"
)

// backend is a mail server that keeps what it gets.
type backend struct {
	mu       sync.Mutex
	mails    []received
	sessions int
	refuse   func(to string) error // at RCPT TO
	refuseIt func() error          // after DATA
}

type received struct {
	to   string
	data []byte
}

func (b *backend) NewSession(*server.Conn) (server.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions++
	return &session{backend: b}, nil
}

type session struct {
	backend *backend
	to      string
}

func (s *session) Mail(string, *server.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *server.RcptOptions) error {
	s.to = to
	if s.backend.refuse != nil {
		return s.backend.refuse(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.backend.refuseIt != nil {
		if err := s.backend.refuseIt(); err != nil {
			return err
		}
	}
	s.backend.mu.Lock()
	defer s.backend.mu.Unlock()
	s.backend.mails = append(s.backend.mails, received{s.to, data})
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func serve(t *testing.T, b *backend) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := server.NewServer(b)
	s.Domain, s.AllowInsecureAuth = "localhost", true
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

func mailer(t *testing.T, port int) *smtp.Mailer {
	t.Helper()
	m, err := smtp.New(smtp.Config{Host: "127.0.0.1", Port: port, TLS: smtp.None, From: "Ticketmesh <tickets@ticketmesh.example>"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailerConforms(t *testing.T) {
	t.Parallel()
	apptest.Mailer(t, func(t *testing.T) apptest.Carrier {
		b := &backend{}
		return apptest.Carrier{Mailer: mailer(t, serve(t, b)), Delivered: func() []apptest.Delivered {
			b.mu.Lock()
			defer b.mu.Unlock()
			var list []apptest.Delivered
			for _, r := range b.mails {
				list = append(list, parse(t, r))
			}
			return list
		}}
	})
}

func parse(t *testing.T, r received) apptest.Delivered {
	t.Helper()
	d, header := apptest.ParseMail(t, r.data)
	d.To = r.to
	if id := header.Get("Message-ID"); id != "<"+d.ID.String()+"@ticketmesh.example>" {
		t.Errorf("Message-ID = %s", id)
	}
	return d
}

func to(address string) message.Mail {
	return message.Mail{ID: id.New(), To: address, Subject: "s", Text: "t", Date: time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)}
}

func TestWhatTheServerSaysDecides(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		give     *backend
		rejected bool
	}{
		{"no such recipient", &backend{refuse: bad(550)}, true},
		{"the recipient's mailbox is full for now", &backend{refuse: bad(452)}, false},
		{"the content is refused", &backend{refuseIt: func() error { return &server.SMTPError{Code: 554, Message: "spam"} }}, true},
		{"the server is out of space", &backend{refuseIt: func() error { return &server.SMTPError{Code: 452, Message: "later"} }}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			errs := mailer(t, serve(t, tt.give)).Send(context.Background(), []message.Mail{to("bad@example.com"), to("good@example.com")})
			if errs[0] == nil || errors.Is(errs[0], message.ErrRejected) != tt.rejected {
				t.Errorf("error = %v, want rejected: %v", errs[0], tt.rejected)
			}
			if errs[0] != nil && strings.Contains(errs[0].Error(), "@example.com") {
				t.Errorf("the error tells the address: %v", errs[0])
			}
			if tt.give.refuse != nil && errs[1] != nil {
				t.Errorf("the next mail: %v", errs[1])
			}
			if tt.give.sessions != 1 {
				t.Errorf("%d connections, want 1", tt.give.sessions)
			}
		})
	}
}

func bad(code int) func(string) error {
	return func(to string) error {
		if to == "bad@example.com" {
			return &server.SMTPError{Code: code, Message: "no " + to}
		}
		return nil
	}
}

func TestAServerThatIsDownRejectsNothing(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for _, err := range mailer(t, port).Send(context.Background(), []message.Mail{to("a@example.com"), to("b@example.com")}) {
		if err == nil || errors.Is(err, message.ErrRejected) {
			t.Errorf("error = %v", err)
		}
	}
}

func TestAServerWithoutTLSGetsNoMailUnlessConfigured(t *testing.T) {
	t.Parallel()
	b := &backend{}
	m, err := smtp.New(smtp.Config{Host: "127.0.0.1", Port: serve(t, b), TLS: smtp.StartTLS, From: "tickets@ticketmesh.example"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(context.Background(), []message.Mail{to("a@example.com")})[0]; err == nil || errors.Is(err, message.ErrRejected) {
		t.Errorf("error = %v", err)
	}
	if len(b.mails) != 0 {
		t.Error("a mail went out in the clear")
	}
}
