// Package dynamo keeps items in one DynamoDB table: units of work over several
// items, the events they publish, processed-event keys and idempotency keys. It
// knows how items are read, written and retried, and must not know what is in
// them. It never scans: whatever is looked for has a key or an index.
//
// A table has the string keys pk and sk, and whatever string attributes its
// indexes are keyed by. The package's own attributes are doc, v, outbox and ttl.
package dynamo

import (
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ticketmesh.dev/platform/clock"
)

// Names of attributes. They are paid for with every item.
const (
	attrPK     = "pk"
	attrSK     = "sk"
	attrDoc    = "doc"    // the document: text, or binary when it is none
	attrCommit = "v"      // the token of the commit that wrote the item last
	attrOutbox = "outbox" // events of that commit, packed by package envelope
	attrTTL    = "ttl"    // epoch seconds, for DynamoDB's garbage collection
)

// ErrNotFound reports an item that does not exist.
var ErrNotFound = errors.New("item not found")

// Key names an item.
type Key struct{ PK, SK string }

// Item is one item of the table.
type Item struct {
	Key Key
	// Document is what the item holds, in an encoding of its owner's choice.
	Document []byte
	// Keys are the attributes that indexes are keyed by. An item without an index's
	// attribute is not in that index.
	Keys map[string]string
	// Expires is when DynamoDB may delete the item, days later at worst: whoever
	// reads it compares the clock. Zero is never.
	Expires time.Time
	// Bulk says that items like this one are read many at a time, so that they must
	// not carry a commit's events.
	Bulk bool

	commit []byte // of the commit that wrote it, as it was read
}

// Index names an index and the attributes that it is keyed by, of which either may
// be one of the table's keys. The zero Index is the table itself.
type Index struct{ Name, PK, SK string }

// Table is a table that a service owns. Safe for concurrent use.
type Table struct {
	client *dynamodb.Client
	name   string
	clock  clock.Clock
}

// New returns a table that exists already. Expiry is judged by c.
func New(client *dynamodb.Client, name string, c clock.Clock) *Table {
	return &Table{client: client, name: name, clock: c}
}
