package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/sqlite"
)

// seatsMigrations is a small service's store.
var seatsMigrations = fstest.MapFS{
	"00001_seats.sql": {Data: []byte(`-- +goose Up
CREATE TABLE seats (id BLOB PRIMARY KEY, label TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
`)},
}

var data = json.RawMessage(`{"orderId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f","version":1,"performanceId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e60","buyer":{"id":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e61","email":"customer@example.com","language":"en"},"total":{"amount":12500,"currency":"EUR"},"tickets":[{"ticketId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e62","areaId":"stalls","seat":"A-1","code":"eyJhbGciOiJFZERTQSJ9"},{"ticketId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e63","areaId":"stalls","seat":"A-2","code":"eyJhbGciOiJFZERTQSJ9"}]}`)

func newEvent(ctx context.Context) event.Event {
	return event.New(ctx, "/ticketmesh/tickets", "ticketmesh.tickets.order.confirmed.v1", "018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f",
		"https://ticketmesh.dev/events/tickets/order.confirmed.v1.schema.json", time.Now(), data)
}

func openBench(b *testing.B) *sqlite.DB {
	b.Helper()
	db, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "bench.db"), Migrations: seatsMigrations})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

// parallel spreads b.N calls over writers goroutines.
func parallel(b *testing.B, writers int, do func(i int) error) {
	b.Helper()
	var wg sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		wg.Go(func() {
			for i := w; i < b.N; i += writers {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 16, 128, 512} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db := openBench(b)
			parallel(b, writers, func(int) error {
				return db.Write(b.Context(), func(tx *sqlite.Tx) error {
					v := id.New()
					_, err := tx.Exec(`INSERT INTO seats (id, n) VALUES (?, ?)`, v[:], 1)
					return err
				})
			})
		})
	}
}

// BenchmarkWriteSale is the shape of a sale: some reads and writes, a
// processed-event key and four events.
func BenchmarkWriteSale(b *testing.B) {
	for _, writers := range []int{128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db := openBench(b)
			parallel(b, writers, func(int) error {
				ctx := b.Context()
				return db.Write(ctx, func(tx *sqlite.Tx) error {
					v := id.New()
					if _, err := tx.Exec(`INSERT INTO seats (id, n) VALUES (?, ?)`, v[:], 1); err != nil {
						return err
					}
					if _, err := tx.FirstTime("orders", v); err != nil {
						return err
					}
					return tx.Publish(ctx, newEvent(ctx), newEvent(ctx), newEvent(ctx), newEvent(ctx))
				})
			})
		})
	}
}

func BenchmarkRead(b *testing.B) {
	db := openBench(b)
	v := id.New()
	if err := db.Write(b.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO seats (id, n) VALUES (?, ?)`, v[:], 1)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := db.Read(b.Context(), func(tx *sqlite.Tx) error {
			var n int
			return tx.QueryRow(`SELECT n FROM seats WHERE id = ?`, v[:]).Scan(&n)
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOutbox(b *testing.B) {
	db := openBench(b)
	ctx := b.Context()
	const batch = 256
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		b.StopTimer()
		for range batch / 4 {
			if err := db.Write(ctx, func(tx *sqlite.Tx) error {
				return tx.Publish(ctx, newEvent(ctx), newEvent(ctx), newEvent(ctx), newEvent(ctx))
			}); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		var records []outbox.Record
		var err error
		if records, err = db.Outbox().Pending(ctx, batch); err != nil || len(records) != batch {
			b.Fatal(len(records), err)
		}
		if err := db.Outbox().Done(ctx, records); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenUpToDate(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	for b.Loop() {
		db, err := sqlite.Open(b.Context(), sqlite.Config{Path: path, Migrations: seatsMigrations})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
