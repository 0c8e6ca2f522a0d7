package sqlite_test

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
)

// TestRefundsOfAnEarlierReleaseGoOn opens a store of the release whose refunds
// were done or not, and nothing else, and whose tickets were worth their price.
func TestRefundsOfAnEarlierReleaseGoOn(t *testing.T) {
	t.Parallel()
	first, err := fs.ReadFile(store.Migrations(), "00001_selling.sql")
	if err != nil {
		t.Fatal(err)
	}
	at := clock.NewManual(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	path := filepath.Join(t.TempDir(), "tickets.db")
	open := func(migrations fs.FS) *sqlite.DB {
		t.Helper()
		db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Migrations: migrations, Clock: at})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	orderID, ticketID, done, waiting := id.New(), id.New(), id.New(), id.New()
	old := open(fstest.MapFS{"00001_selling.sql": {Data: first}})
	err = old.Write(t.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO orders (id, code, hold_id, performance_id, show_id, organizer_id, customer_id, email, language, status, items, total,
			refunded, currency, provider, token, payment_status, reference, reason, requested_at, ticket_ids, created_at, version)
			VALUES (?, 'X', ?, ?, ?, 'olga', 'anna', 'a@example.com', 'en', 'pending_payment',
				'[{"area":"floor","category":"I","amount":4200,"currency":"EUR","seats":[],"places":[0,0]}]', 4200, 0, 'EUR', 'test', 'tok_ok', 'requested', 'test_1', '', ?, x'', ?, 1)`,
			orderID[:], orderID[:], orderID[:], orderID[:], at.Now().UnixMilli(), at.Now().UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO tickets (id, order_id, performance_id, area_id, seat, partition, slot, price_category, price, currency, status,
			holder_customer, holder_email, holder_language, transferred, issue, admitted_at, gate, scan_id, version)
			VALUES (?, ?, ?, 'floor', '', 0, 0, 'I', 4200, 'EUR', 'valid', 'anna', 'a@example.com', 'en', 0, 1, 0, '', '', 1)`, ticketID[:], orderID[:], orderID[:])
		if err != nil {
			return err
		}
		for refundID, isDone := range map[id.ID]bool{done: true, waiting: false} {
			if _, err := tx.Exec(`INSERT INTO refunds (id, order_id, amount, currency, ticket_ids, reason, done, created_at) VALUES (?, ?, 100, 'EUR', x'', 'ill', ?, ?)`,
				refundID[:], orderID[:], isDone, at.Now().UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db := open(store.Migrations())
	defer db.Close()
	now, err := store.New(t.Context(), db, at)
	if err != nil {
		t.Fatal(err)
	}
	refunds, err := now.OpenRefunds(t.Context(), at.Now(), app.Page{Limit: 10})
	if err != nil || len(refunds) != 1 || refunds[0] != waiting {
		t.Errorf("open refunds = %v, %v, want %s", refunds, err, waiting)
	}
	of, err := now.RefundsByOrder(t.Context(), orderID)
	if err != nil || len(of) != 2 {
		t.Fatalf("refunds = %+v, %v", of, err)
	}
	for _, r := range of {
		want := payment.RefundPending
		if r.ID == done {
			want = payment.RefundDone
		}
		if r.Status != want || r.Provider != "test" || r.Charge != "test_1" || r.Attempt != 1 {
			t.Errorf("refund = %+v, want %s of test_1", r, want)
		}
	}
	k, err := now.Ticket(t.Context(), ticketID)
	if err != nil || k.Refund != k.Price || k.Price.Amount != 4200 {
		t.Errorf("ticket = %+v, %v, want its price to be given back", k, err)
	}
	o, _, err := now.Order(t.Context(), orderID)
	if err != nil || !o.Confirm("test_1", []id.ID{ticketID}) {
		t.Fatalf("order = %+v, %v", o, err)
	}
	if due, _, err := o.Cancel(order.FeesKept); err != nil || due != o.Total {
		t.Errorf("cancelling gives back %v of %v, %v", due, o.Total, err)
	}
	orders, err := now.OpenOrders(t.Context(), at.Now(), app.Page{Limit: 10})
	if err != nil || len(orders) != 1 || orders[0] != orderID {
		t.Errorf("open orders = %v, %v, want %s", orders, err, orderID)
	}
}
