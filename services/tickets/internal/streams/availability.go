// Package streams reads what the table's stream has beside events: partitions. It
// links no client of DynamoDB, which the function behind the stream need not start.
package streams

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/eventcodec"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/partitioncodec"
)

// Availability implements streams.Derive: a partition that was written tells how
// many of its places are free, as of when it was written. Nothing is written for
// that, and nobody is told of quotas. The event's version is the partition's, and its id is made of that: a record
// that is delivered again tells the same again.
func Availability(record events.DynamoDBEventRecord) ([]event.Event, error) {
	image := record.Change.NewImage
	pk, sk := text(image["pk"]), text(image["sk"])
	if !partitioncodec.IsPlaces(pk) {
		return nil, nil
	}
	var document []byte
	switch doc := image["doc"]; doc.DataType() {
	case events.DataTypeBinary:
		document = doc.Binary()
	case events.DataTypeString: // bytes that happen to be text
		document = []byte(doc.String())
	default:
		return nil, fmt.Errorf("%w: %s %s", partitioncodec.ErrMalformed, pk, sk)
	}
	p, at, err := partitioncodec.Decode(pk, sk, document)
	if err != nil {
		return nil, err
	}
	changed, err := eventcodec.Encode(context.Background(), inventory.ChangedFact{Partition: p}, at)
	if err != nil {
		return nil, err
	}
	changed.ID = announcementID(changed.Subject, p.Version, at)
	changed.CorrelationID = changed.ID.String()
	return []event.Event{changed}, nil
}

// text returns a value that is text, or "".
func text(v events.DynamoDBAttributeValue) string {
	if v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}

// announcementID is the id of the event that tells of a partition's version, which
// was written at the time. It is as a UUIDv7 has to be, but for what is random in
// one and a digest here.
func announcementID(partition string, version int, at time.Time) id.ID {
	digest := sha256.Sum256([]byte(partition + "/" + strconv.Itoa(version)))
	made := id.ID(digest[:16])
	var milliseconds [8]byte
	binary.BigEndian.PutUint64(milliseconds[:], uint64(at.UnixMilli()))
	copy(made[:6], milliseconds[2:])
	made[6] = made[6]&0x0f | 0x70
	made[8] = made[8]&0x3f | 0x80
	return made
}
