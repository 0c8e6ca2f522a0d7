package dynamo_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/streams"
)

// lambdaRecord is a stream's record as Lambda gets it.
func lambdaRecord(t *testing.T, r streamtypes.Record) events.DynamoDBEventRecord {
	t.Helper()
	image := map[string]map[string]string{}
	for name, value := range r.Dynamodb.NewImage {
		switch v := value.(type) {
		case *streamtypes.AttributeValueMemberS:
			image[name] = map[string]string{"S": v.Value}
		case *streamtypes.AttributeValueMemberN:
			image[name] = map[string]string{"N": v.Value}
		case *streamtypes.AttributeValueMemberB:
			image[name] = map[string]string{"B": base64.StdEncoding.EncodeToString(v.Value)}
		default:
			t.Fatalf("attribute %s is %T", name, v)
		}
	}
	encoded, err := json.Marshal(map[string]any{
		"eventName": r.EventName, "dynamodb": map[string]any{"SequenceNumber": r.Dynamodb.SequenceNumber, "NewImage": image},
	})
	if err != nil {
		t.Fatal(err)
	}
	var record events.DynamoDBEventRecord
	if err := json.Unmarshal(encoded, &record); err != nil {
		t.Fatal(err)
	}
	return record
}

// told returns what the stream tells of partitions since the last call.
func (s *shop) told() []ticketsevents.AvailabilityChanged {
	s.Helper()
	records, err := s.at.Records(s.Context())
	s.ok(err)
	published := contracttest.Published(s.T, "tickets")
	var told []ticketsevents.AvailabilityChanged
	for _, r := range records[s.read:] {
		record := lambdaRecord(s.T, r)
		derived, err := streams.Availability(record)
		s.ok(err)
		again, err := streams.Availability(record)
		s.ok(err)
		for i, e := range derived {
			encoded, err := e.MarshalCloudEvent()
			s.ok(err)
			published.Check(s.T, encoded)
			if again[i].ID != e.ID || !again[i].Time.Equal(e.Time) {
				s.Errorf("told as %s, and again as %s", e.ID, again[i].ID)
			}
			var changed ticketsevents.AvailabilityChanged
			s.ok(changed.UnmarshalJSON(e.Data))
			if e.Type != ticketsevents.TypeAvailabilityChanged {
				s.Errorf("told %s", e.Type)
			}
			told = append(told, changed)
		}
	}
	s.read = len(records)
	return told
}

func TestTheStreamTellsWhatIsFree(t *testing.T) {
	t.Parallel()
	s := openAt(t, dynamotest.New(t, testserver.Moto(t), template))
	show := s.schedule(floor(20))
	type state struct{ Version, Available, Held, Sold int }
	wants := func(what string, want ...state) {
		t.Helper()
		var got []state
		for _, c := range s.told() {
			got = append(got, state{c.Version, c.Available, c.Held, c.Sold})
			if c.PerformanceID != show.ID || c.AreaID != "standing" || c.Partition != 0 || c.Capacity != 20 {
				t.Errorf("%s: told of %+v", what, c)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: told %+v, want %+v", what, got, want)
		}
	}
	wants("a new performance", state{1, 20, 0, 0})
	who := customer()
	held, err := s.hold(who, show, app.HoldRequestItem{AreaID: "standing", Quantity: 3})
	s.ok(err)
	wants("a hold", state{2, 17, 3, 0})
	_, tickets := s.order(who, held)
	wants("a sale", state{3, 17, 0, 3})
	_, err = s.hold(customer(), show, app.HoldRequestItem{AreaID: "standing", Quantity: 4})
	s.ok(err)
	wants("another hold", state{4, 13, 4, 3})
	s.clock.Advance(hold.Period)
	wants("the end of its time")
	if n, err := s.selling.ExpireHolds(t.Context(), 10); err != nil || n != 1 {
		t.Fatalf("ExpireHolds() = %d, %v", n, err)
	}
	wants("its sweep", state{5, 17, 0, 3})
	_, err = s.selling.CheckIn(t.Context(), app.Caller{Groups: []string{"gate"}}, app.Scan{Code: s.codeOf(tickets[0]), Gate: "north"})
	s.ok(err)
	wants("what is no partition")
}

func TestPartitionsOfANewSeatMapAreTold(t *testing.T) {
	t.Parallel()
	s := openAt(t, dynamotest.New(t, testserver.Moto(t), template))
	show := s.schedule(floor(64))
	s.told()
	larger := *show
	larger.Version = 2
	s.ok(larger.LayOut([]seatmap.Area{floor(150), stalls("stalls", 2, 40)}))
	s.ok(s.store.Update(t.Context(), func(tx app.Tx) error { return tx.PutPerformance(&larger) }))
	told := map[string]int{}
	for _, c := range s.told() {
		told[fmt.Sprintf("%s %d", c.AreaID, c.Partition)] = c.Available
	}
	if want := map[string]int{"standing 1": 64, "standing 2": 22, "stalls 0": 40, "stalls 1": 40}; !maps.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestQuotasAreNotTold(t *testing.T) {
	t.Parallel()
	s := openAt(t, dynamotest.New(t, testserver.Moto(t), template))
	layout, err := seatmap.New([]seatmap.Area{floor(10)})
	s.ok(err)
	quotaID := inventory.QuotaID("presale")
	s.ok(layout.AddQuota(quotaID, 10))
	area := layout.Quota(quotaID)
	s.ok(s.store.Update(t.Context(), func(tx app.Tx) error {
		return tx.PutPartition(area, inventory.New(inventory.Key{PerformanceID: id.New(), AreaID: area.ID}, 10))
	}))
	if told := s.told(); len(told) != 0 || s.read != 1 {
		t.Errorf("told %+v of %d records", told, s.read)
	}
}
