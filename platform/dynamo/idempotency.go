package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/dynamo/deflate"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
)

// Idempotency returns the store of idempotency keys in this table. Leases and
// expiry are judged by the table's clock. A key that is claimed for the first
// time costs one write and no read.
func (t *Table) Idempotency() idempotency.Store { return keyStore{t} }

type keyStore struct{ table *Table }

// What a key has beside its document, so that finishing it is one conditional
// write without a read.
const (
	attrState  = "state"
	attrDies   = "dies" // milliseconds: from when on the key is new
	attrAnswer = "answer"
	attrBody   = "body" // packed

	running   = "r"
	abandoned = "a"
	finished  = "f"
)

// mostBody is how much a packed body may be: what a function can answer.
const mostBody = 6 << 20

// claim is the document of a key. Times are milliseconds.
type claim struct {
	BodyHash   []byte `json:"hash"`
	ResourceID id.ID  `json:"resource"`
	ClaimedAt  int64  `json:"at"`
	LeaseUntil int64  `json:"until"`
}

// answer is what a finished key replays, beside the body.
type answer struct {
	Status      int    `json:"status"`
	ContentType string `json:"type,omitempty"`
	Location    string `json:"location,omitempty"`
}

// keyOf hashes with lengths, so that no two keys run together.
func keyOf(k idempotency.Key) Key {
	var buf []byte
	for _, s := range []string{k.Caller, k.Method, k.Path, k.Key} {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	sum := sha256.Sum256(buf)
	return Key{PK: "key#" + base64.RawURLEncoding.EncodeToString(sum[:]), SK: "-"}
}

// stored is a key as DynamoDB has it.
type stored struct {
	claim
	state  string
	dies   int64
	commit types.AttributeValue
	replay idempotency.Response
}

// Claim implements idempotency.Store.
func (s keyStore) Claim(ctx context.Context, k idempotency.Key, bodyHash [32]byte, lease time.Duration) (idempotency.Claim, error) {
	now := s.table.clock.Now()
	fresh := claim{BodyHash: bodyHash[:], ResourceID: id.New(), ClaimedAt: now.UnixMilli(), LeaseUntil: now.Add(lease).UnixMilli()}
	next, condition := fresh, absent
	for {
		found, err := s.put(ctx, keyOf(k), next, now.Add(idempotency.TTL), condition)
		if err != nil {
			return idempotency.Claim{}, err
		}
		if found == nil {
			return idempotency.Claim{ResourceID: next.ResourceID}, nil
		}
		same := string(found.BodyHash) == string(bodyHash[:])
		switch {
		case found.dies <= now.UnixMilli() || found.state == abandoned && !same:
			next = fresh
		case !same:
			return idempotency.Claim{}, idempotency.ErrReused
		case found.state == finished:
			return idempotency.Claim{ResourceID: found.ResourceID, Replay: &found.replay}, nil
		default:
			if held, err := s.held(ctx, found, now); err != nil || held {
				return idempotency.Claim{}, errors.Join(err, idempotency.ErrInProgress)
			}
			next = fresh
			next.ResourceID = found.ResourceID
		}
		condition = Condition{Expression: "#v = :v", Names: map[string]string{"#v": attrCommit}, Values: attributes{":v": found.commit}}
	}
}

// put writes a running key if the condition holds; else it returns what is there.
func (s keyStore) put(ctx context.Context, key Key, c claim, dies time.Time, condition Condition) (*stored, error) {
	document, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	token := newToken()
	encoded := Item{Key: key, Document: document, Expires: dies.Add(time.Second)}.encode()
	encoded[attrState], encoded[attrDies], encoded[attrCommit] = text(running), number(dies.UnixMilli()), token
	expression, names, values := condition.parts()
	_, err = read(ctx, func(ctx context.Context) (*dynamodb.PutItemOutput, error) {
		return s.table.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table.name, Item: encoded, ConditionExpression: expression, ExpressionAttributeNames: names,
			ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
	})
	found, err := refusal(err)
	if found == nil || sameToken(found[attrCommit], token) {
		return nil, err
	}
	return decodeKey(found)
}

// held reports whether a key that runs is still its claimer's.
func (s keyStore) held(ctx context.Context, k *stored, now time.Time) (bool, error) {
	if k.state == abandoned || k.LeaseUntil <= now.UnixMilli() {
		return false, nil
	}
	released, err := s.table.Get(ctx, leasesKey)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var at int64
	if err := json.Unmarshal(released.Document, &at); err != nil {
		return false, err
	}
	return k.ClaimedAt > at, nil
}

// Finish implements idempotency.Store.
func (s keyStore) Finish(ctx context.Context, k idempotency.Key, r idempotency.Response) error {
	encoded, err := json.Marshal(answer{Status: r.Status, ContentType: r.ContentType, Location: r.Location})
	if err != nil {
		return err
	}
	body, err := deflate.Pack(r.Body)
	if err != nil {
		return err
	}
	now := s.table.clock.Now()
	dies := now.Add(idempotency.TTL)
	done, err := s.update(ctx, k, "SET #state = :next, #answer = :answer, #body = :body, #dies = :dies, #ttl = :ttl, #v = :token",
		"#state = :running AND #dies > :now",
		map[string]string{"#answer": attrAnswer, "#body": attrBody, "#dies": attrDies, "#ttl": attrTTL},
		attributes{
			":next": text(finished), ":answer": text(string(encoded)), ":body": blob(body), ":dies": number(dies.UnixMilli()),
			":ttl": number(dies.Add(time.Second).Unix()), ":now": number(now.UnixMilli()),
		})
	if err == nil && !done {
		return idempotency.ErrNotClaimed
	}
	return err
}

// Abandon implements idempotency.Store.
func (s keyStore) Abandon(ctx context.Context, k idempotency.Key) error {
	_, err := s.update(ctx, k, "SET #state = :next, #v = :token", "#state = :running", map[string]string{}, attributes{":next": text(abandoned)})
	return err
}

// update changes a key that runs and reports whether it was one.
func (s keyStore) update(ctx context.Context, k idempotency.Key, change, condition string, names map[string]string, values attributes) (bool, error) {
	token := newToken()
	names["#state"], names["#v"] = attrState, attrCommit
	values[":running"], values[":token"] = text(running), token
	_, err := read(ctx, func(ctx context.Context) (*dynamodb.UpdateItemOutput, error) {
		return s.table.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table.name, Key: keyOf(k).attributes(), UpdateExpression: &change, ConditionExpression: &condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
	})
	found, err := refusal(err)
	return err == nil && (found == nil || sameToken(found[attrCommit], token)), err
}

// leasesKey is the item that says when all leases were ended last.
var leasesKey = Key{PK: "key#leases", SK: "-"}

// ReleaseLeases implements idempotency.Store.
func (s keyStore) ReleaseLeases(ctx context.Context) error {
	return s.table.Update(ctx, func(tx *Tx) error {
		tx.Put(Item{Key: leasesKey, Document: fmt.Appendf(nil, "%d", s.table.clock.Now().UnixMilli())})
		return nil
	})
}

// refusal tells a condition that did not hold, with what was there, from other
// errors.
func refusal(err error) (found attributes, other error) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, err
	}
	if failed.Item == nil {
		return attributes{}, nil
	}
	return failed.Item, nil
}

func decodeKey(encoded attributes) (*stored, error) {
	item, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	k := &stored{state: item.Keys[attrState], commit: encoded[attrCommit]}
	if n, ok := encoded[attrDies].(*types.AttributeValueMemberN); ok {
		if k.dies, err = strconv.ParseInt(n.Value, 10, 64); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(item.Document, &k.claim); err != nil {
		return nil, fmt.Errorf("idempotency key: %w", err)
	}
	if k.state != finished {
		return k, nil
	}
	var given answer
	if err := json.Unmarshal([]byte(item.Keys[attrAnswer]), &given); err != nil {
		return nil, fmt.Errorf("answer of idempotency key: %w", err)
	}
	body, err := deflate.Unpack(bytesOf(encoded[attrBody]), mostBody)
	if err != nil {
		return nil, fmt.Errorf("answer of idempotency key: %w", err)
	}
	k.replay = idempotency.Response{Status: given.Status, ContentType: given.ContentType, Location: given.Location, Body: body}
	return k, nil
}
