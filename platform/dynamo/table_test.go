package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/testserver"
)

var (
	start   = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	byOwner = dynamo.Index{Name: "byOwner", PK: "owner", SK: "place"}
)

// fixture is a table of a test's own.
type fixture struct {
	*testing.T
	clock *clock.Manual
	at    *dynamotest.Table
	table *dynamo.Table
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: clock.NewManual(start), at: dynamotest.New(t, testserver.Moto(t), "testdata/template.yaml")}
	f.table = dynamo.New(f.at.Client(t), f.at.Name, f.clock)
	return f
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) update(fn func(*dynamo.Tx) error) {
	f.Helper()
	f.ok(f.table.Update(f.Context(), fn))
}

func key(pk, sk string) dynamo.Key { return dynamo.Key{PK: pk, SK: sk} }

func item(pk, sk, document string) dynamo.Item {
	return dynamo.Item{Key: key(pk, sk), Document: []byte(document)}
}

func (f *fixture) put(items ...dynamo.Item) {
	f.Helper()
	f.update(func(tx *dynamo.Tx) error {
		for _, each := range items {
			tx.Put(each)
		}
		return nil
	})
}

// has checks an item's document; "" means that there is no item.
func (f *fixture) has(k dynamo.Key, document string) {
	f.Helper()
	got, err := f.table.Get(f.Context(), k)
	if missing := errors.Is(err, dynamo.ErrNotFound); missing != (document == "") || !missing && (err != nil || string(got.Document) != document) {
		f.Errorf("item %v has %q, %v, want %q", k, got.Document, err, document)
	}
}

func TestItemsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	f := open(t)
	tests := []struct {
		name string
		give dynamo.Item
	}{
		{"text", item("a", "1", `{"é":"歌舞伎 \u0000"}`)},
		{"binary", dynamo.Item{Key: key("a", "2"), Document: []byte{0xff, 0, 1}}},
		{"nothing but its key", dynamo.Item{Key: key("a", "3")}},
		{"keys of indexes and an expiry", dynamo.Item{
			Key: key("a", "4"), Document: []byte("x"), Keys: map[string]string{"owner": "anna", "place": "1"}, Expires: start.Add(time.Hour),
		}},
	}
	for _, tt := range tests {
		f.put(tt.give)
		got, err := f.table.Get(t.Context(), tt.give.Key)
		f.ok(err)
		if got.Key != tt.give.Key || string(got.Document) != string(tt.give.Document) || !maps.Equal(got.Keys, tt.give.Keys) || !got.Expires.Equal(tt.give.Expires) {
			t.Errorf("%s: read %+v, want %+v", tt.name, got, tt.give)
		}
	}
	f.has(key("a", "5"), "")
}

func TestAUnitSeesItself(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.put(item("p", "1", "one"), item("p", "2", "two"), item("p", "4", "four"), item("p", "5", "five"), item("q", "1", "other"))
	f.update(func(tx *dynamo.Tx) error {
		tx.Put(item("p", "3", "three"))
		tx.Put(item("p", "2", "TWO"))
		tx.Delete(key("p", "4"))
		for k, want := range map[dynamo.Key]string{key("p", "2"): "TWO", key("p", "3"): "three", key("p", "1"): "one"} {
			if got, err := tx.Get(k); err != nil || string(got.Document) != want {
				t.Errorf("Get(%v) = %q, %v, want %q", k, got.Document, err, want)
			}
		}
		if _, err := tx.Get(key("p", "4")); !errors.Is(err, dynamo.ErrNotFound) {
			t.Errorf("Get() of what was removed = %v", err)
		}
		for _, tt := range []struct {
			give dynamo.Query
			want string
		}{
			{dynamo.Query{PK: "p"}, "one TWO three five"},
			{dynamo.Query{PK: "p", Descending: true}, "five three TWO one"},
			{dynamo.Query{PK: "p", From: "2", Limit: 2}, "TWO three"},
			{dynamo.Query{PK: "p", From: "4", Limit: 1}, "five"},
			{dynamo.Query{PK: "p", Descending: true, To: "4", Limit: 1}, "three"},
			{dynamo.Query{PK: "p", After: "1"}, "TWO three five"},
			{dynamo.Query{PK: "p", From: "6"}, ""},
		} {
			found, err := tx.Query(tt.give)
			f.ok(err)
			if got := documents(found); got != tt.want {
				t.Errorf("%+v returns %q, want %q", tt.give, got, tt.want)
			}
		}
		return nil
	})
	f.has(key("p", "2"), "TWO")
	f.has(key("p", "3"), "three")
	f.has(key("p", "4"), "")
	f.has(key("p", "1"), "one")
}

func documents(items []dynamo.Item) string {
	var all []string
	for _, each := range items {
		all = append(all, string(each.Document))
	}
	return strings.Join(all, " ")
}

func TestReadsAreRepeatable(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.put(item("p", "1", "before"))
	f.update(func(tx *dynamo.Tx) error {
		f.ok(tx.Load(key("p", "1"), key("p", "2"), key("p", "1")))
		f.put(item("p", "1", "after"), item("p", "2", "new")) // by somebody else
		if got, err := tx.Get(key("p", "1")); err != nil || string(got.Document) != "before" {
			t.Errorf("Get() = %q, %v", got.Document, err)
		}
		if _, err := tx.Get(key("p", "2")); !errors.Is(err, dynamo.ErrNotFound) {
			t.Errorf("Get() of what was not there = %v", err)
		}
		found, err := tx.Query(dynamo.Query{PK: "p"})
		f.ok(err)
		if got := documents(found); got != "before" {
			t.Errorf("Query() = %q", got)
		}
		return nil
	})
}

func TestWhatWasReadMustBeUnchanged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		before   []dynamo.Item
		unit     func(*dynamo.Tx) error // of one run
		meddle   func(*dynamo.Tx) error // by somebody else, between reading and writing
		wantRuns int
	}{
		{
			"an item that is put",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "mine")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "b")); return nil }, 2,
		},
		{
			"an item that is put with others",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Put(item("p", "2", "x")); tx.Put(item("p", "1", "mine")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "b")); return nil }, 2,
		},
		{
			"an item that was not there", nil,
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "mine")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "b")); return nil }, 2,
		},
		{
			"an item that is removed",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Delete(key("p", "1")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "b")); return nil }, 2,
		},
		{
			"an item that somebody removed",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "mine")); return nil },
			func(tx *dynamo.Tx) error { tx.Delete(key("p", "1")); return nil }, 2,
		},
		{
			"an item that is checked",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Put(item("p", "2", "x")); tx.Check(key("p", "1")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "b")); return nil }, 2,
		},
		{
			"not an item that is read alone",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Put(item("p", "2", "x")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "b")); return nil }, 1,
		},
		{
			"not an item that nobody touched",
			[]dynamo.Item{item("p", "1", "a")},
			func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "mine")); return nil },
			func(tx *dynamo.Tx) error { tx.Put(item("p", "3", "b")); return nil }, 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.put(tt.before...)
			runs := 0
			f.update(func(tx *dynamo.Tx) error {
				runs++
				if _, err := tx.Get(key("p", "1")); err != nil && !errors.Is(err, dynamo.ErrNotFound) {
					return err
				}
				if runs == 1 {
					f.update(tt.meddle)
				}
				return tt.unit(tx)
			})
			if runs != tt.wantRuns {
				t.Errorf("it ran %d times, want %d", runs, tt.wantRuns)
			}
		})
	}
}

func TestWhatOthersWroteByOtherMeansIsNoticed(t *testing.T) {
	t.Parallel()
	f := open(t)
	write := func(document string) {
		attributes := map[string]string{"pk": "p", "sk": "1", "doc": document}
		f.ok(f.at.Write(t.Context(), attributes))
	}
	write("a")
	runs := 0
	f.update(func(tx *dynamo.Tx) error {
		runs++
		got, err := tx.Get(key("p", "1"))
		f.ok(err)
		if runs == 1 {
			f.put(item("p", "1", "b"))
		}
		got.Document = append(got.Document, 'x')
		tx.Put(got)
		return nil
	})
	f.has(key("p", "1"), "bx")
}

func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	f := open(t)
	const workers, each = 6, 8
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			for range each {
				err := f.table.Update(t.Context(), func(tx *dynamo.Tx) error {
					count := 0
					got, err := tx.Get(key("counter", "-"))
					if err == nil {
						err = json.Unmarshal(got.Document, &count)
					}
					if err != nil && !errors.Is(err, dynamo.ErrNotFound) {
						return err
					}
					tx.Put(dynamo.Item{Key: key("counter", "-"), Document: fmt.Appendf(nil, "%d", count+1)})
					if worker%2 == 0 { // alone, or in a transaction
						tx.Put(item("worker", fmt.Sprint(worker), fmt.Sprint(count)))
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	f.has(key("counter", "-"), fmt.Sprint(workers*each))
}

func TestAUnitThatFailsWritesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	defect := errors.New("defect")
	err := f.table.Update(t.Context(), func(tx *dynamo.Tx) error {
		tx.Put(item("p", "1", "x"))
		f.ok(tx.Publish(told("x")))
		return defect
	})
	if !errors.Is(err, defect) {
		t.Errorf("Update() = %v, want the function's own error", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.table.Update(cancelled, func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "x")); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Update() = %v, want context.Canceled", err)
	}
	f.has(key("p", "1"), "")
	f.told()
}

func TestConditionsOfTheCaller(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.put(item("p", "1", "a"))
	is := func(document string) dynamo.Condition {
		return dynamo.Condition{
			Expression: "#d = :d", Names: map[string]string{"#d": "doc"},
			Values: dynamotest.Attributes(map[string]string{":d": document}),
		}
	}
	tests := []struct {
		name string
		unit func(*dynamo.Tx)
		want *dynamo.Key // whose condition does not hold
	}{
		{"create what is there", func(tx *dynamo.Tx) { tx.Create(item("p", "1", "x")) }, &dynamo.Key{PK: "p", SK: "1"}},
		{"create it with others", func(tx *dynamo.Tx) { tx.Put(item("p", "2", "x")); tx.Create(item("p", "1", "x")) }, &dynamo.Key{PK: "p", SK: "1"}},
		{"a put if it is something else", func(tx *dynamo.Tx) { tx.PutIf(item("p", "1", "x"), is("b")) }, &dynamo.Key{PK: "p", SK: "1"}},
		{"a check that it is something else", func(tx *dynamo.Tx) { tx.Put(item("p", "3", "x")); tx.CheckIf(key("p", "1"), is("b")) }, &dynamo.Key{PK: "p", SK: "1"}},
		{"a check alone", func(tx *dynamo.Tx) { tx.CheckIf(key("p", "1"), is("b")) }, &dynamo.Key{PK: "p", SK: "1"}},
		{"a condition outlives the put that had it", func(tx *dynamo.Tx) { tx.Create(item("p", "1", "x")); tx.Put(item("p", "1", "y")) }, &dynamo.Key{PK: "p", SK: "1"}},
		{"create what is not there", func(tx *dynamo.Tx) { tx.Create(item("p", "4", "x")) }, nil},
		{"conditions that hold", func(tx *dynamo.Tx) { tx.CheckIf(key("p", "1"), is("a")); tx.Create(item("p", "5", "x")) }, nil},
		{"a put if it is what it is", func(tx *dynamo.Tx) { tx.PutIf(item("p", "1", "a"), is("a")) }, nil},
	}
	for _, tt := range tests {
		err := f.table.Update(t.Context(), func(tx *dynamo.Tx) error { tt.unit(tx); return nil })
		var refused *dynamo.ConditionError
		switch {
		case tt.want == nil && err != nil, tt.want != nil && (!errors.As(err, &refused) || refused.Key != *tt.want):
			t.Errorf("%s: %v, want it refused by %v", tt.name, err, tt.want)
		}
	}
	f.has(key("p", "1"), "a")
	f.has(key("p", "2"), "")
	f.has(key("p", "3"), "")
	f.has(key("p", "4"), "x")
	f.update(func(tx *dynamo.Tx) error {
		if _, err := tx.Get(key("p", "1")); err != nil {
			return err
		}
		tx.Put(item("p", "1", "b"))
		tx.Check(key("p", "1")) // which the put does anyway
		return nil
	})
	f.has(key("p", "1"), "b")
}

func TestWhatIsTooLargeIsNotSent(t *testing.T) {
	t.Parallel()
	f := open(t)
	client, meter := f.at.Metered(t)
	table := dynamo.New(client, f.at.Name, f.clock)
	many := func(n, size int) func(*dynamo.Tx) error {
		return func(tx *dynamo.Tx) error {
			for i := range n {
				tx.Put(item("p", fmt.Sprintf("%03d", i), strings.Repeat("x", size)))
			}
			return nil
		}
	}
	tests := []struct {
		name string
		unit func(*dynamo.Tx) error
		want dynamo.LimitError
	}{
		{"101 items", many(101, 1), dynamo.LimitError{Actions: 101, Bytes: 101 * (2 + 1 + 2 + 3 + 3 + 1 + 1 + 8)}},
		{"more than 4 MB", many(11, 400_000), dynamo.LimitError{Actions: 11, Bytes: 11 * (2 + 1 + 2 + 3 + 3 + 400_000 + 1 + 8)}},
		{"an item above 400 KB", many(1, 400<<10), dynamo.LimitError{Actions: 1, Bytes: 400<<10 + 20, Item: key("p", "000")}},
	}
	for _, tt := range tests {
		err := table.Update(t.Context(), tt.unit)
		var limit *dynamo.LimitError
		if !errors.As(err, &limit) || *limit != tt.want || limit.Error() == "" {
			t.Errorf("%s: %+v, want %+v", tt.name, err, tt.want)
		}
	}
	if sent := meter.Take(); len(sent) != 0 {
		t.Errorf("sent %s", sent)
	}
	f.ok(table.Update(t.Context(), many(100, 1)))
}

func TestASingleItemNeedsNoTransaction(t *testing.T) {
	t.Parallel()
	f := open(t)
	client, meter := f.at.Metered(t)
	table := dynamo.New(client, f.at.Name, f.clock)
	tests := []struct {
		name string
		unit func(*dynamo.Tx)
		want string
	}{
		{"nothing", func(*dynamo.Tx) {}, ""},
		{"one item", func(tx *dynamo.Tx) { tx.Put(item("p", "1", "x")) }, "PutItem 1: 0 read, 1 write (0 index)"},
		{"one item of 3 KB", func(tx *dynamo.Tx) { tx.Put(item("p", "1", strings.Repeat("x", 2500))) }, "PutItem 1: 0 read, 3 write (0 index)"},
		{"of one that shrinks the larger size counts", func(tx *dynamo.Tx) { tx.Put(item("p", "1", "x")) }, "PutItem 1: 0 read, 3 write (0 index)"},
		{"two items", func(tx *dynamo.Tx) { tx.Put(item("p", "1", "x")); tx.Put(item("p", "2", "x")) }, "TransactWriteItems 1: 0 read, 4 write (0 index)"},
		{"an index entry", func(tx *dynamo.Tx) {
			tx.Put(dynamo.Item{Key: key("p", "3"), Keys: map[string]string{"owner": "anna", "place": "1"}})
			tx.Put(item("p", "1", "x"))
		}, "TransactWriteItems 1: 0 read, 5 write (1 index)"},
		{"that entry moves", func(tx *dynamo.Tx) {
			tx.Put(dynamo.Item{Key: key("p", "3"), Keys: map[string]string{"owner": "ben", "place": "1"}})
		}, "PutItem 1: 0 read, 3 write (2 index)"},
		{"an entry with only half of the key is none", func(tx *dynamo.Tx) {
			tx.Put(dynamo.Item{Key: key("p", "4"), Keys: map[string]string{"owner": "ben"}})
		}, "PutItem 1: 0 read, 1 write (0 index)"},
		{"a check costs as a write", func(tx *dynamo.Tx) {
			if _, err := tx.Get(key("p", "1")); err != nil {
				t.Error(err)
			}
			tx.Check(key("p", "1"))
			tx.Put(item("p", "2", "y"))
		}, "GetItem 1: 1 read, 0 write (0 index); TransactWriteItems 1: 0 read, 4 write (0 index)"},
		{"a removal", func(tx *dynamo.Tx) { tx.Delete(key("p", "3")) }, "DeleteItem 1: 0 read, 2 write (1 index)"},
		{"a query", func(tx *dynamo.Tx) {
			if _, err := tx.Query(dynamo.Query{PK: "p"}); err != nil {
				t.Error(err)
			}
		}, "Query 1: 1 read, 0 write (0 index)"},
		{"a query of an index", func(tx *dynamo.Tx) {
			if _, err := tx.Query(dynamo.Query{Index: byOwner, PK: "ben"}); err != nil {
				t.Error(err)
			}
		}, "Query 1: 0.5 read, 0 write (0 index)"},
		{"a page of a query", func(tx *dynamo.Tx) {
			if found, err := tx.Query(dynamo.Query{PK: "p", After: "1", Limit: 1}); err != nil || len(found) != 1 {
				t.Error(found, err)
			}
		}, "Query 1: 1 read, 0 write (0 index)"},
		{"several items", func(tx *dynamo.Tx) {
			if err := tx.Load(key("p", "1"), key("p", "2"), key("p", "9")); err != nil {
				t.Error(err)
			}
		}, "BatchGetItem 1: 3 read, 0 write (0 index)"},
	}
	for _, tt := range tests {
		f.ok(table.Update(t.Context(), func(tx *dynamo.Tx) error { tt.unit(tx); return nil }))
		if got := meter.Take().String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	f := open(t)
	long := strings.Repeat("x", 60_000) // more than one page of a megabyte
	for _, sk := range []string{"a", "b1", "b2", "b3", "c"} {
		f.put(dynamo.Item{Key: key("p", sk), Document: []byte(sk), Keys: map[string]string{"owner": "anna", "place": sk, "shelf": "anna"}})
		f.put(dynamo.Item{Key: key(sk, "in the box"), Keys: map[string]string{"box": "anna"}})
	}
	for i := range 40 {
		f.put(item("long", fmt.Sprintf("%02d", i), long))
	}
	tests := []struct {
		name string
		give dynamo.Query
		want string
	}{
		{"all", dynamo.Query{PK: "p"}, "a b1 b2 b3 c"},
		{"backwards", dynamo.Query{PK: "p", Descending: true}, "c b3 b2 b1 a"},
		{"of a prefix", dynamo.Query{PK: "p", Prefix: "b"}, "b1 b2 b3"},
		{"a page of a prefix", dynamo.Query{PK: "p", Prefix: "b", After: "b1", Limit: 5}, "b2 b3"},
		{"a page of a prefix, backwards", dynamo.Query{PK: "p", Prefix: "b", After: "b3", Descending: true}, "b2 b1"},
		{"between", dynamo.Query{PK: "p", From: "b1", To: "b3"}, "b1 b2 b3"},
		{"from", dynamo.Query{PK: "p", From: "b3"}, "b3 c"},
		{"to", dynamo.Query{PK: "p", To: "b1"}, "a b1"},
		{"a few", dynamo.Query{PK: "p", Limit: 2}, "a b1"},
		{"the next few", dynamo.Query{PK: "p", After: "b1", Limit: 2}, "b2 b3"},
		{"the next few, backwards", dynamo.Query{PK: "p", After: "b1", Limit: 2, Descending: true}, "a"},
		{"after what is not there", dynamo.Query{PK: "p", After: "b", Limit: 2}, "b1 b2"},
		{"from within bounds", dynamo.Query{PK: "p", From: "a", To: "b3", After: "b1"}, "b2 b3"},
		{"of nothing", dynamo.Query{PK: "q"}, ""},
	}
	for _, tt := range tests {
		got, err := f.table.Query(t.Context(), tt.give)
		f.ok(err)
		if documents(got) != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, documents(got), tt.want)
		}
		if tt.give.PK != "p" {
			continue
		}
		for _, index := range []dynamo.Index{byOwner, {Name: "byShelf", PK: "shelf", SK: "sk"}, {Name: "byBox", PK: "box", SK: "pk"}} {
			tt.give.Index, tt.give.PK = index, "anna"
			indexed, err := f.table.Query(t.Context(), tt.give)
			f.ok(err)
			var keys []string
			for _, each := range indexed {
				if index.SK == "pk" {
					each.Key.SK = each.Key.PK
				}
				keys = append(keys, each.Key.SK)
			}
			if got := strings.Join(keys, " "); got != tt.want {
				t.Errorf("%s, by the index %s: %q, want %q", tt.name, index.Name, got, tt.want)
			}
		}
	}
	all, err := f.table.Query(t.Context(), dynamo.Query{PK: "long"})
	f.ok(err)
	if len(all) != 40 || all[39].Key.SK != "39" {
		t.Errorf("%d items of many pages, want 40", len(all))
	}
}

func TestManyItemsAreReadAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	var keys []dynamo.Key
	for i := range 150 {
		k := key("p", fmt.Sprint(i))
		keys = append(keys, k, k)
		if i%3 > 0 {
			f.put(dynamo.Item{Key: k, Document: []byte(k.SK)})
		}
	}
	found, err := f.table.GetAll(t.Context(), keys)
	f.ok(err)
	for i := range 150 {
		got, exists := found[key("p", fmt.Sprint(i))]
		if exists != (i%3 > 0) || exists && string(got.Document) != fmt.Sprint(i) {
			t.Errorf("item %d: %q, exists %t", i, got.Document, exists)
		}
	}
}

func TestNothingScans(t *testing.T) {
	t.Parallel()
	f := open(t)
	failing := &recorder{TB: t}
	if _, err := f.at.Client(failing).Scan(t.Context(), &dynamodb.ScanInput{TableName: &f.at.Name}); err == nil || failing.errors != 1 {
		t.Errorf("a scan: %v, and %d errors of the test", err, failing.errors)
	}
	metered, _ := f.at.Metered(failing)
	if _, err := metered.ExecuteStatement(t.Context(), &dynamodb.ExecuteStatementInput{Statement: new(string)}); err == nil || failing.errors != 2 {
		t.Errorf("PartiQL: %v, and %d errors of the test", err, failing.errors)
	}
}

// recorder counts the errors of a test that is to fail.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }

// told is an event about something.
func told(subject string) event.Event {
	return event.New(context.Background(), "/x", "x.happened.v1", subject, "", start, json.RawMessage(`{}`))
}

// told checks which events left by the stream.
func (f *fixture) told(want ...string) {
	f.Helper()
	events, err := f.at.Events(f.Context())
	f.ok(err)
	var got []string
	for _, e := range events {
		got = append(got, e.Subject)
	}
	if !slices.Equal(got, want) {
		f.Errorf("told %q, want %q", got, want)
	}
}
