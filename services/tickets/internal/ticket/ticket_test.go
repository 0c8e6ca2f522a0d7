package ticket_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/ticket"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func newTicket() ticket.Ticket {
	return ticket.Ticket{ID: id.New(), PerformanceID: id.New(), Status: ticket.Valid, Holder: ticket.Holder{CustomerID: "anna", Email: "anna@example.com"}, Issue: 1, Version: 1}
}

func scan(scanID string) ticket.Admission {
	return ticket.Admission{At: start, Gate: "north", ScanID: scanID}
}

func TestAdmitOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		before       func(*ticket.Ticket)
		issue        int
		scanID       string
		wantReplayed bool
		wantErr      error
		wantTwice    bool // *AlreadyAdmittedError
	}{
		{"the first time", nil, 1, "s1", false, nil, false},
		{"the same scan again", func(k *ticket.Ticket) { _, _ = k.Admit(1, scan("s1")) }, 1, "s1", true, nil, false},
		{"another scan", func(k *ticket.Ticket) { _, _ = k.Admit(1, scan("s1")) }, 1, "s2", false, nil, true},
		{"no scan id twice", func(k *ticket.Ticket) { _, _ = k.Admit(1, scan("")) }, 1, "", false, nil, true},
		{"void", func(k *ticket.Ticket) { _ = k.Void() }, 1, "s1", false, ticket.ErrVoid, false},
		{"voided after the same scan", func(k *ticket.Ticket) { _, _ = k.Admit(1, scan("s1")); k.ForceVoid() }, 1, "s1", false, ticket.ErrVoid, false},
		{"the code from before the transfer", func(k *ticket.Ticket) { _ = k.Transfer(ticket.Holder{}) }, 1, "s1", false, ticket.ErrVoid, false},
		{"the code from after the transfer", func(k *ticket.Ticket) { _ = k.Transfer(ticket.Holder{}) }, 2, "s1", false, nil, false},
		{"the dead code with the scan that admitted the new one", func(k *ticket.Ticket) {
			_ = k.Transfer(ticket.Holder{})
			_, _ = k.Admit(2, scan("s1"))
		}, 1, "s1", false, ticket.ErrVoid, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newTicket()
			if tt.before != nil {
				tt.before(&k)
			}
			replayed, err := k.Admit(tt.issue, scan(tt.scanID))
			twice := (*ticket.AlreadyAdmittedError)(nil)
			if errors.As(err, &twice) != tt.wantTwice || !tt.wantTwice && !errors.Is(err, tt.wantErr) || replayed != tt.wantReplayed {
				t.Errorf("Admit() = %t, %v", replayed, err)
			}
			if tt.wantTwice && (!twice.At.Equal(start) || twice.Gate != "north" || !strings.Contains(err.Error(), "north")) {
				t.Errorf("the error says %v", twice)
			}
		})
	}
}

// TestTicketsMoveAsTheModel: valid, then void or admitted; admitted is only
// undone by force.
func TestTicketsMoveAsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := newTicket()
		status, issue, version, admissions := ticket.Valid, 1, 1, 0
		t.Repeat(map[string]func(*rapid.T){
			"transfer": func(t *rapid.T) {
				err := k.Transfer(ticket.Holder{Email: "ben@example.com"})
				want := map[ticket.Status]error{ticket.Void: ticket.ErrVoid, ticket.Admitted: ticket.ErrAdmitted}[status]
				if !errors.Is(err, want) {
					t.Fatalf("Transfer() of a %s ticket = %v", status, err)
				}
				if err == nil {
					issue, version = issue+1, version+1
				}
			},
			"void": func(t *rapid.T) {
				err := k.Void()
				want := map[ticket.Status]error{ticket.Void: ticket.ErrVoid, ticket.Admitted: ticket.ErrAdmitted}[status]
				if !errors.Is(err, want) {
					t.Fatalf("Void() of a %s ticket = %v", status, err)
				}
				if err == nil {
					status, version = ticket.Void, version+1
				}
			},
			"force void": func(t *rapid.T) {
				if got := k.ForceVoid(); got != (status != ticket.Void) {
					t.Fatalf("ForceVoid() of a %s ticket = %t", status, got)
				}
				if status != ticket.Void {
					status, version = ticket.Void, version+1
				}
			},
			"admit": func(t *rapid.T) {
				by := rapid.IntRange(0, issue+1).Draw(t, "issue")
				scanID := rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(t, "scan")
				replayed, err := k.Admit(by, scan(scanID))
				if err == nil && !replayed {
					if status != ticket.Valid || by != issue {
						t.Fatalf("Admit() took issue %d of %d of a %s ticket", by, issue, status)
					}
					status, version, admissions = ticket.Admitted, version+1, admissions+1
				} else if status == ticket.Valid && by == issue {
					t.Fatalf("Admit() = %t, %v of a valid ticket", replayed, err)
				}
				if replayed && (status != ticket.Admitted || scanID == "" || k.Admission.ScanID != scanID) {
					t.Fatalf("Admit() replayed scan %q of a %s ticket admitted by %q", scanID, status, k.Admission.ScanID)
				}
			},
			"": func(t *rapid.T) {
				if k.Status != status || k.Issue != issue || k.Version != version || admissions > 1 {
					t.Fatalf("ticket is %s, issue %d, version %d, admitted %d times; want %s, %d, %d", k.Status, k.Issue, k.Version, admissions, status, issue, version)
				}
				if k.Transferred != (issue > 1) {
					t.Fatalf("transferred %t with issue %d", k.Transferred, issue)
				}
			},
		})
	})
}

func TestCodeOfIsTheNewest(t *testing.T) {
	t.Parallel()
	k := newTicket()
	before := ticket.CodeOf(&k)
	if err := k.Transfer(ticket.Holder{Email: "ben@example.com"}); err != nil {
		t.Fatal(err)
	}
	after := ticket.CodeOf(&k)
	if before == after || after.Issue != 2 || after.TicketID != k.ID || after.PerformanceID != k.PerformanceID || k.Holder.Email != "ben@example.com" {
		t.Errorf("code %+v became %+v of %+v", before, after, k.Holder)
	}
}

func TestIDsOfAnOrderDifferInTheLastByte(t *testing.T) {
	t.Parallel()
	orderID := id.New()
	seen := map[id.ID]bool{orderID: true}
	for n := range ticket.MaxPerOrder {
		made := ticket.NewID(orderID, n)
		if seen[made] {
			t.Fatalf("ticket %d has an id that another has", n)
		}
		seen[made] = true
		if made.Version() != 8 || made.Variant() != orderID.Variant() || string(made[:6]) != string(orderID[:6]) || string(made[8:15]) != string(orderID[8:15]) {
			t.Fatalf("ticket %d of %s is %s", n, orderID, made)
		}
	}
}
