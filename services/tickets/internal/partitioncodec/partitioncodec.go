// Package partitioncodec is how a partition is an item of a DynamoDB table: its keys
// and its document. The store writes it, and who reads the table's stream finds it
// there, without anything of DynamoDB's.
package partitioncodec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
)

const (
	// Shards is over how many partition keys the partitions of a performance are
	// spread, of which each takes 1,000 write units a second.
	Shards = 8
	// Neighbours is how many partitions of an area, one after the other, are under
	// one partition key, where one query reads them.
	Neighbours = 16
	// Neither may ever change: what was written is found by them.

	// idLength is the length of an id as text.
	idLength = 36
)

// What the partition keys begin with. Quotas are apart, so that nobody pays for
// them who looks at a seat map.
const (
	placesKind = "inv#"
	quotaKind  = "quota#"
)

// ErrMalformed reports an item that this package did not write.
var ErrMalformed = errors.New("malformed partition")

// Shard returns the shard of a partition. Each area has another beginning, so that
// small areas are spread too.
func Shard(areaID string, number int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(areaID)) // it never fails
	return (int(h.Sum32()%Shards) + number/Neighbours) % Shards
}

// PlacesPK returns the partition key of a shard of a performance's areas.
func PlacesPK(performanceID id.ID, shard int) string {
	return placesKind + performanceID.String() + "#" + strconv.Itoa(shard)
}

// Keys returns the partition key and the sort key of a partition. Sort keys of an
// area sort as its numbers do.
func Keys(key inventory.Key) (pk, sk string) {
	shard := Shard(key.AreaID, key.Number)
	if pk = PlacesPK(key.PerformanceID, shard); inventory.IsQuota(key.AreaID) {
		pk = quotaKind + strings.TrimPrefix(pk, placesKind)
	}
	return pk, fmt.Sprintf("%s#%05d", key.AreaID, key.Number)
}

// IsPlaces reports whether a partition key is one of places, not of quotas.
func IsPlaces(pk string) bool { return strings.HasPrefix(pk, placesKind) }

// Parse reads what Keys returned.
func Parse(pk, sk string) (inventory.Key, error) {
	of, places := strings.CutPrefix(pk, placesKind)
	of, quota := strings.CutPrefix(of, quotaKind)
	hash := strings.LastIndexByte(sk, '#') // the name of a quota may have others
	if places == quota || hash < 0 || len(of) < idLength {
		return inventory.Key{}, fmt.Errorf("%w: %s %s", ErrMalformed, pk, sk)
	}
	performanceID, err := id.Parse(of[:idLength])
	number, notNumber := strconv.Atoi(sk[hash+1:])
	if err != nil || notNumber != nil {
		return inventory.Key{}, fmt.Errorf("%w: %s %s", ErrMalformed, pk, sk)
	}
	return inventory.Key{PerformanceID: performanceID, AreaID: sk[:hash], Number: number}, nil
}

// Encode writes a partition as it is at an instant.
func Encode(p *inventory.Partition, at time.Time) []byte {
	document := binary.AppendUvarint(nil, uint64(p.Capacity))
	document = binary.AppendUvarint(document, uint64(p.Version))
	document = binary.AppendUvarint(document, uint64(at.UnixMilli()))
	document = binary.AppendUvarint(document, uint64(p.Kept))
	document = binary.BigEndian.AppendUint64(document, uint64(p.Sold))
	document = binary.BigEndian.AppendUint64(document, uint64(p.Closed))
	return append(document, itemcodec.EncodeClaims(p.Claims)...)
}

// Decode reads the partition of an item, and when it was written.
func Decode(pk, sk string, document []byte) (p inventory.Partition, at time.Time, err error) {
	if p.Key, err = Parse(pk, sk); err != nil {
		return p, at, err
	}
	numbers := itemcodec.Numbers{Rest: document}
	p.Capacity, p.Version = int(numbers.Uvarint()), int(numbers.Uvarint())
	at = time.UnixMilli(int64(numbers.Uvarint())).UTC()
	p.Kept = inventory.Slots(numbers.Uvarint())
	p.Sold, p.Closed = inventory.Slots(numbers.Uint64()), inventory.Slots(numbers.Uint64())
	if numbers.Failed {
		return p, at, fmt.Errorf("%w: %s %s", ErrMalformed, pk, sk)
	}
	p.Claims, err = itemcodec.DecodeClaims(numbers.Rest)
	return p, at, err
}
