package dynamo

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Query asks for the items under one partition key, in the order of the sort
// key. Of the bounds any may be empty.
type Query struct {
	Index      Index  // the zero Index: the table itself
	PK         string // the value of the partition key
	Prefix     string // of the sort key; not with From or To
	From, To   string // the first and the last sort key, both included
	After      string // of an earlier page, the sort key of its last item
	Descending bool
	Limit      int // 0: all
}

// Query returns the items. Those of the table itself are as the last commit left
// them, though not all as of one instant; an index lags behind, and its items
// have what it projects.
func (t *Table) Query(ctx context.Context, q Query) ([]Item, error) {
	pk, sk := attrPK, attrSK
	if q.Index.Name != "" {
		pk, sk = q.Index.PK, q.Index.SK
	}
	in := &dynamodb.QueryInput{
		TableName:                &t.name,
		ExpressionAttributeNames: map[string]string{"#p": pk},
		ExpressionAttributeValues: attributes{
			":p": text(q.PK),
		},
		ScanIndexForward: aws.Bool(!q.Descending),
		ConsistentRead:   aws.Bool(q.Index.Name == ""),
	}
	if q.Index.Name != "" {
		in.IndexName = &q.Index.Name
	}
	condition := "#p = :p"
	if bounds := q.bounds(in.ExpressionAttributeValues); bounds != "" {
		in.ExpressionAttributeNames["#s"] = sk
		condition += " AND " + bounds
	}
	in.KeyConditionExpression = &condition
	var found []Item
	for {
		if q.Limit > 0 {
			in.Limit = aws.Int32(int32(q.Limit - len(found)))
			if q.After != "" && len(found) == 0 {
				*in.Limit++ // the item that the bound includes
			}
		}
		out, err := read(ctx, func(ctx context.Context) (*dynamodb.QueryOutput, error) { return t.client.Query(ctx, in) })
		if err != nil {
			return nil, err
		}
		for _, encoded := range out.Items {
			item, err := decode(encoded)
			if err != nil {
				return nil, err
			}
			if q.After == "" || q.sortKey(item) != q.After {
				found = append(found, item)
			}
		}
		if q.Limit > 0 && len(found) >= q.Limit {
			return found[:q.Limit], nil
		}
		if len(out.LastEvaluatedKey) == 0 {
			return found, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// bounds returns the one condition on the sort key that DynamoDB allows.
func (q Query) bounds(values attributes) string {
	from, to := q.From, q.To
	switch {
	case q.After != "" && q.Descending:
		to = q.After
	case q.After != "":
		from = q.After
	}
	if q.Prefix != "" && q.After != "" {
		// A page of a prefix: from or to its other end.
		if q.Descending {
			from = q.Prefix
		} else {
			to = q.Prefix + maxRune
		}
	}
	switch {
	case from != "" && to != "":
		values[":from"], values[":to"] = text(from), text(to)
		return "#s BETWEEN :from AND :to"
	case from != "":
		values[":from"] = text(from)
		return "#s >= :from"
	case to != "":
		values[":to"] = text(to)
		return "#s <= :to"
	case q.Prefix != "":
		values[":prefix"] = text(q.Prefix)
		return "begins_with(#s, :prefix)"
	}
	return ""
}

// maxRune sorts behind everything that a key goes on with.
const maxRune = "\U0010ffff"

func (q Query) sortKey(item Item) string {
	switch {
	case q.Index.Name == "" || q.Index.SK == attrSK:
		return item.Key.SK
	case q.Index.SK == attrPK:
		return item.Key.PK
	}
	return item.Keys[q.Index.SK]
}

// matches reports whether an item of the table is among what q asks for.
func (q Query) matches(key Key) bool {
	after := q.After == "" || !q.Descending && key.SK > q.After || q.Descending && key.SK < q.After
	return key.PK == q.PK && after && strings.HasPrefix(key.SK, q.Prefix) && (q.From == "" || key.SK >= q.From) && (q.To == "" || key.SK <= q.To)
}

// overlay puts what a unit is about to write into what it read, so that it sees
// itself.
func (q Query) overlay(read []Item, written map[Key]*action) []Item {
	items := slices.DeleteFunc(read, func(item Item) bool { return written[item.Key] != nil && !written[item.Key].checks() })
	for key, a := range written {
		if a.kind == put && q.matches(key) {
			items = append(items, a.item)
		}
	}
	slices.SortFunc(items, func(a, b Item) int {
		if q.Descending {
			a, b = b, a
		}
		return cmp.Compare(a.Key.SK, b.Key.SK)
	})
	if q.Limit > 0 && len(items) > q.Limit {
		items = items[:q.Limit]
	}
	return items
}
