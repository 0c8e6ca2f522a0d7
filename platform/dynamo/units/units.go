// Package units computes what requests to DynamoDB are charged for, in request
// units, by AWS's published rules: from the items that are really read and
// written, not from what an emulator says. It computes and counts; it decides
// nothing and talks to no table but through the function that it is given.
//
// What is not published was taken from measurements of the service that others
// have published: in a transaction the base table is charged twice and an index
// as it is outside of one, a condition check by the size of the item that it
// looks at, and an overwrite that leaves an index entry as it was not at all.
package units

import (
	"bytes"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Item is an item, or an entry of an index.
type Item = map[string]types.AttributeValue

const (
	readBytes  = 4 << 10
	writeBytes = 1 << 10
)

// Consistency is how a read is charged.
type Consistency float64

// The consistencies, as what reading up to 4 KB costs.
const (
	Eventual      Consistency = 0.5
	Strong        Consistency = 1
	Transactional Consistency = 2
)

// Read returns the units for reading so many bytes at once; reading nothing
// costs as much as reading little.
func Read(size int, c Consistency) float64 {
	return float64(max(1, (size+readBytes-1)/readBytes)) * float64(c)
}

// Write returns the units for writing an item, or an entry of an index, of so
// many bytes outside of a transaction. Of a write that replaces, the larger of
// both sizes counts.
func Write(size int) int { return max(1, (size+writeBytes-1)/writeBytes) }

// ItemSize returns the size of an item in bytes: names and values of all of its
// attributes.
func ItemSize(item Item) int {
	size := 0
	for name, value := range item {
		size += len(name) + ValueSize(value)
	}
	return size
}

// nesting is what a list or a map costs beside its elements, and each of them.
const (
	nesting = 3
	element = 1
)

// ValueSize returns the size of a value in bytes.
func ValueSize(value types.AttributeValue) int {
	size := 0
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberSize(v.Value)
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL:
		return 1
	case *types.AttributeValueMemberSS:
		for _, s := range v.Value {
			size += len(s)
		}
	case *types.AttributeValueMemberNS:
		for _, n := range v.Value {
			size += numberSize(n)
		}
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			size += len(b)
		}
	case *types.AttributeValueMemberL:
		size = nesting
		for _, nested := range v.Value {
			size += ValueSize(nested) + element
		}
	case *types.AttributeValueMemberM:
		size = nesting
		for name, nested := range v.Value {
			size += len(name) + ValueSize(nested) + element
		}
	}
	return size
}

// numberSize counts a byte for two significant digits on either side of the
// point, and one more. An exponent is not something we write.
func numberSize(n string) int {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(n, "-"), ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		fraction = strings.TrimLeft(fraction, "0")
	}
	if fraction == "" {
		whole = strings.TrimRight(whole, "0")
	}
	return 1 + (len(whole)+1)/2 + (len(fraction)+1)/2
}

// Index is what of an index decides what its writes cost.
type Index struct {
	Name       string
	Key        []string
	Projection types.ProjectionType
	NonKey     []string // that it projects
}

// Schema is what of a table decides what its requests cost.
type Schema struct {
	Key     []string
	Indexes []Index
}

// SchemaOf reads the schema of a table that is to be created.
func SchemaOf(table *dynamodb.CreateTableInput) Schema {
	schema := Schema{Key: names(table.KeySchema)}
	for _, index := range table.GlobalSecondaryIndexes {
		schema.Indexes = append(schema.Indexes, Index{
			Name: aws.ToString(index.IndexName), Key: names(index.KeySchema), Projection: index.Projection.ProjectionType,
			NonKey: index.Projection.NonKeyAttributes,
		})
	}
	return schema
}

func names(elements []types.KeySchemaElement) []string {
	found := make([]string, len(elements))
	for i, element := range elements {
		found[i] = aws.ToString(element.AttributeName)
	}
	return found
}

// Indexed returns the units that the indexes are charged when an item is
// written: before and after are nil when there is none.
func (s Schema) Indexed(before, after Item) int {
	units := 0
	for _, index := range s.Indexes {
		was, is := s.entry(index, before), s.entry(index, after)
		switch {
		case was == nil && is == nil || equal(was, is):
		case was == nil:
			units += Write(ItemSize(is))
		case is == nil:
			units += Write(ItemSize(was))
		case !equal(only(was, index.Key), only(is, index.Key)): // deleted here, put there
			units += Write(ItemSize(was)) + Write(ItemSize(is))
		default:
			units += Write(max(ItemSize(was), ItemSize(is)))
		}
	}
	return units
}

// entry returns what an index has of an item; nil when it has nothing.
func (s Schema) entry(index Index, item Item) Item {
	for _, name := range index.Key {
		if item[name] == nil {
			return nil
		}
	}
	if index.Projection == types.ProjectionTypeAll {
		return item
	}
	entry := only(item, s.Key, index.Key)
	if index.Projection == types.ProjectionTypeInclude {
		for name, value := range only(item, index.NonKey) {
			entry[name] = value
		}
	}
	return entry
}

func only(item Item, names ...[]string) Item {
	chosen := Item{}
	for _, list := range names {
		for _, name := range list {
			if value := item[name]; value != nil {
				chosen[name] = value
			}
		}
	}
	return chosen
}

// equal compares entries; sets and nested values count as changed.
func equal(a, b Item) bool {
	if len(a) != len(b) {
		return false
	}
	for name, value := range a {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			if other, ok := b[name].(*types.AttributeValueMemberS); !ok || other.Value != v.Value {
				return false
			}
		case *types.AttributeValueMemberN:
			if other, ok := b[name].(*types.AttributeValueMemberN); !ok || other.Value != v.Value {
				return false
			}
		case *types.AttributeValueMemberB:
			if other, ok := b[name].(*types.AttributeValueMemberB); !ok || !bytes.Equal(other.Value, v.Value) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
