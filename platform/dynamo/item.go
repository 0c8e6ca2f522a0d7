package dynamo

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func blob(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// bytesValue keeps bytes as text where they are text: it costs the same and can be
// read in the console.
func bytesValue(b []byte) types.AttributeValue {
	if utf8.Valid(b) {
		return text(string(b))
	}
	return blob(b)
}

func bytesOf(v types.AttributeValue) []byte {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return []byte(v.Value)
	case *types.AttributeValueMemberB:
		return v.Value
	}
	return nil
}

// newToken returns what tells one write of an item from every other.
func newToken() types.AttributeValue {
	var random [8]byte
	rand.Read(random[:]) // never fails
	return blob(random[:])
}

func sameToken(a, b types.AttributeValue) bool {
	return len(bytesOf(a)) > 0 && bytes.Equal(bytesOf(a), bytesOf(b))
}

func (k Key) attributes() attributes { return attributes{attrPK: text(k.PK), attrSK: text(k.SK)} }

// encode returns the item's attributes without those of its commit.
func (i Item) encode() attributes {
	encoded := i.Key.attributes()
	for name, value := range i.Keys {
		encoded[name] = text(value)
	}
	if len(i.Document) > 0 {
		encoded[attrDoc] = bytesValue(i.Document)
	}
	if !i.Expires.IsZero() {
		encoded[attrTTL] = number(i.Expires.Unix())
	}
	return encoded
}

func decode(encoded attributes) (Item, error) {
	item := Item{Document: bytesOf(encoded[attrDoc]), commit: bytesOf(encoded[attrCommit])}
	for name, value := range encoded {
		v, isText := value.(*types.AttributeValueMemberS)
		switch {
		case !isText || name == attrDoc:
		case name == attrPK:
			item.Key.PK = v.Value
		case name == attrSK:
			item.Key.SK = v.Value
		default:
			if item.Keys == nil {
				item.Keys = make(map[string]string, 2)
			}
			item.Keys[name] = v.Value
		}
	}
	if n, ok := encoded[attrTTL].(*types.AttributeValueMemberN); ok {
		seconds, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			return Item{}, fmt.Errorf("item %q %q: ttl %q", item.Key.PK, item.Key.SK, n.Value)
		}
		item.Expires = time.Unix(seconds, 0).UTC()
	}
	return item, nil
}
