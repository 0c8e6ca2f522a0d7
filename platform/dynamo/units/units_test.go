package units_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/dynamo/units"
)

const kb = 1 << 10

func text(n int) types.AttributeValue {
	return &types.AttributeValueMemberS{Value: strings.Repeat("x", n)}
}

func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

// The examples of "DynamoDB read and write operations" and of "DynamoDB
// transactions: capacity management" in AWS's developer guide.
func TestReadsCostAsPublished(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		size int
		how  units.Consistency
		want float64
	}{
		{"a strongly consistent read of up to 4 KB", 4 * kb, units.Strong, 1},
		{"an eventually consistent one", 4 * kb, units.Eventual, 0.5},
		{"a transactional one", 4 * kb, units.Transactional, 2},
		{"3,500 bytes are as 4 KB", 3500, units.Strong, 1},
		{"8 KB strongly", 8 * kb, units.Strong, 2},
		{"8 KB eventually", 8 * kb, units.Eventual, 1},
		{"8 KB transactionally", 8 * kb, units.Transactional, 4},
		{"10 KB are as 12 KB", 10 * kb, units.Strong, 3},
		{"a query of ten items of 40.8 KB in all is as 44 KB", 40*kb + 820, units.Strong, 11},
		{"a query of 1,500 items of 64 bytes is 96 KB", 1500 * 64, units.Strong, 24},
		{"an item that does not exist", 0, units.Strong, 1},
		{"an item that does not exist, eventually", 0, units.Eventual, 0.5},
		{"one byte more", 4*kb + 1, units.Strong, 2},
	}
	for _, tt := range tests {
		if got := units.Read(tt.size, tt.how); got != tt.want {
			t.Errorf("%s: %v units, want %v", tt.name, got, tt.want)
		}
	}
	// A BatchGetItem of 1.5 KB and 6.5 KB reads 4 KB and 8 KB, not 8 KB in all.
	if got := units.Read(kb+kb/2, units.Strong) + units.Read(6*kb+kb/2, units.Strong); got != 3 {
		t.Errorf("the batch costs %v units, want 3", got)
	}
}

func TestWritesCostAsPublished(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		size int
		want int
	}{
		{"a write of up to 1 KB", kb, 1},
		{"500 bytes are as 1 KB", 500, 1},
		{"2 KB", 2 * kb, 2},
		{"one byte more", kb + 1, 2},
		{"3.5 KB are as 4 KB", 3*kb + kb/2, 4},
		{"what does not exist", 0, 1},
	}
	for _, tt := range tests {
		if got := units.Write(tt.size); got != tt.want {
			t.Errorf("%s: %d units, want %d", tt.name, got, tt.want)
		}
	}
	// A BatchWriteItem of 500 bytes and 3.5 KB writes 1 KB and 4 KB, not 4 KB in all.
	if got := units.Write(500) + units.Write(3*kb+kb/2); got != 5 {
		t.Errorf("the batch costs %d units, want 5", got)
	}
	// Three items of 500 bytes in a transaction need six units.
	if got := 2 * 3 * units.Write(500); got != 6 {
		t.Errorf("the transaction costs %d units, want 6", got)
	}
}

// The rules of "DynamoDB item sizes and formats".
func TestItemsHaveThePublishedSizes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give units.Item
		want int
	}{
		{"nothing", nil, 0},
		{"text counts in UTF-8, its name too", units.Item{"ñame": &types.AttributeValueMemberS{Value: "歌舞"}}, 5 + 6},
		{"binary counts raw", units.Item{"b": &types.AttributeValueMemberB{Value: make([]byte, 7)}}, 1 + 7},
		{"one byte for two significant digits and one more", units.Item{"n": number("1234")}, 1 + 3},
		{"an odd digit takes a whole byte", units.Item{"n": number("-123")}, 1 + 3},
		{"zeros at the ends are trimmed", units.Item{"n": number("00120000")}, 1 + 2},
		{"zero", units.Item{"n": number("0")}, 1 + 1},
		{"a fraction", units.Item{"n": number("0.00015")}, 1 + 2},
		{"both sides of the point", units.Item{"n": number("100.5")}, 1 + 4},
		{"true", units.Item{"ok": &types.AttributeValueMemberBOOL{Value: true}}, 2 + 1},
		{"null", units.Item{"no": &types.AttributeValueMemberNULL{Value: true}}, 2 + 1},
		{"an empty list", units.Item{"l": &types.AttributeValueMemberL{}}, 1 + 3},
		{"a list of two", units.Item{"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{text(5), text(2)}}}, 1 + 3 + 6 + 3},
		{"a map", units.Item{"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"ab": text(4)}}}, 1 + 3 + 2 + 4 + 1},
		{"sets", units.Item{
			"s": &types.AttributeValueMemberSS{Value: []string{"a", "bc"}}, "n": &types.AttributeValueMemberNS{Value: []string{"1", "22"}},
			"b": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2, 3}}},
		}, 1 + 3 + 1 + 4 + 1 + 3},
		{"all attributes", units.Item{"pk": text(10), "sk": text(1)}, 2 + 10 + 2 + 1},
	}
	for _, tt := range tests {
		if got := units.ItemSize(tt.give); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

// The rules of "Global secondary indexes: write capacity units", and that an
// entry is as large as what is projected.
func TestIndexesCostAsPublished(t *testing.T) {
	t.Parallel()
	index := func(projection types.ProjectionType, nonKey ...string) units.Schema {
		return units.Schema{Key: []string{"pk", "sk"}, Indexes: []units.Index{
			{Name: "i", Key: []string{"a", "b"}, Projection: projection, NonKey: nonKey},
		}}
	}
	keys, some, all := index(types.ProjectionTypeKeysOnly), index(types.ProjectionTypeInclude, "c"), index(types.ProjectionTypeAll)
	item := func(a, b, c, d int) units.Item {
		made := units.Item{"pk": text(5), "sk": text(5)}
		for name, size := range map[string]int{"a": a, "b": b, "c": c, "d": d} {
			if size > 0 {
				made[name] = text(size)
			}
		}
		return made
	}
	tests := []struct {
		name          string
		schema        units.Schema
		before, after units.Item
		want          int
	}{
		{"a new item that defines the key", keys, nil, item(1, 1, 1, 1), 1},
		{"an update that defines it first", keys, item(0, 1, 1, 1), item(1, 1, 1, 1), 1},
		{"a key that changes is deleted and put", keys, item(1, 1, 1, 1), item(2, 1, 1, 1), 2},
		{"a sort key that changes is, too", keys, item(1, 1, 1, 1), item(1, 2, 1, 1), 2},
		{"a key that goes", keys, item(1, 1, 1, 1), item(1, 0, 1, 1), 1},
		{"an item that is deleted", keys, item(1, 1, 1, 1), nil, 1},
		{"neither before nor after", keys, item(0, 1, 1, 1), item(0, 1, 2, 1), 0},
		{"what is not projected changes", keys, item(1, 1, 1, 1), item(1, 1, 2, 2), 0},
		{"what is projected changes", some, item(1, 1, 1, 1), item(1, 1, 2, 1), 1},
		{"what is projected stays", some, item(1, 1, 1, 1), item(1, 1, 1, 2), 0},
		{"all is projected", all, item(1, 1, 1, 1), item(1, 1, 1, 2), 1},
		{"nothing changes at all", all, item(1, 1, 1, 1), item(1, 1, 1, 1), 0},
		{"an entry has only what is projected", keys, nil, item(1, 1, 5000, 5000), 1},
		{"an entry is rounded up by itself", some, nil, item(1, 1, 1500, 1), 2},
		{"of an update the larger counts", all, item(1, 1, 3000, 1), item(1, 1, 1, 1), 3},
		{"of a key that changes both count", all, item(1, 1, 3000, 1), item(2, 1, 1, 1), 3 + 1},
		{"there is no item", keys, nil, nil, 0},
	}
	for _, tt := range tests {
		if got := tt.schema.Indexed(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: %d units, want %d", tt.name, got, tt.want)
		}
	}
}
