package dynamo

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/deflate"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// The JSON in documents. Members are only ever added.

// messageBytes is more than the document of a message can have been packed from.
const messageBytes = 16 << 20

// stateRow is a show, a venue or a performance.
type stateRow struct {
	Version int             `json:"version"`
	State   json.RawMessage `json:"state"`
}

type originRow struct {
	EventID       id.ID  `json:"eventId"`
	CorrelationID string `json:"correlationId,omitempty"`
	TraceParent   string `json:"traceParent,omitempty"`
}

// messageRow is a message beside its id and customer, packed.
type messageRow struct {
	originRow
	Template      message.Template `json:"template"`
	Email         string           `json:"email"`
	Language      string           `json:"language,omitempty"`
	PerformanceID id.ID            `json:"performanceId"`
	OrderID       *id.ID           `json:"orderId,omitempty"`
	Subject       string           `json:"subject"`
	Content       json.RawMessage  `json:"content,omitempty"` // of a message that is not final
	Status        message.Status   `json:"status"`
	Attempts      int              `json:"attempts,omitempty"`
	CreatedAt     int64            `json:"createdAt"`
	DueAt         int64            `json:"dueAt"`
	EndedAt       *int64           `json:"endedAt,omitempty"`
	Reason        message.Reason   `json:"reason,omitempty"`
	Version       int              `json:"version,omitempty"`
}

type noticeRow struct {
	originRow
	Template      message.Template `json:"template"`
	PerformanceID id.ID            `json:"performanceId"`
	PreviousStart *int64           `json:"previousStart,omitempty"`
	After         id.ID            `json:"after"`
}

type customerRow struct {
	Preferences *preferencesRow             `json:"preferences,omitempty"` // nil: said nothing
	Tokens      map[message.Category]string `json:"tokens,omitempty"`
}

type preferencesRow struct {
	Tickets  bool `json:"tickets"`
	Payments bool `json:"payments"`
	Changes  bool `json:"changes"`
	Waitlist bool `json:"waitlist"`
}

type subscriptionRow struct {
	CustomerID string           `json:"customerId"`
	Category   message.Category `json:"category"`
	Language   string           `json:"language,omitempty"`
}

// document returns an item with row as its document.
func document(key dynamo.Key, row any) (dynamo.Item, error) {
	encoded, err := json.Marshal(row)
	return dynamo.Item{Key: key, Document: encoded}, err
}

func read(item dynamo.Item, row any) error {
	if err := json.Unmarshal(item.Document, row); err != nil {
		return fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	return nil
}

// messageItem returns the message's item; one that is queued is in the index of what is due.
func messageItem(m message.Message) (dynamo.Item, error) {
	row := messageRow{
		originRow: originRow(m.Origin), Template: m.Template, Email: m.Recipient.Email, Language: m.Recipient.Language,
		PerformanceID: m.PerformanceID, Subject: m.Subject, Status: m.Status, Attempts: m.Attempts,
		CreatedAt: m.CreatedAt.UnixMilli(), DueAt: m.DueAt.UnixMilli(), Reason: m.Reason, Version: m.Version,
	}
	if m.OrderID != id.Nil {
		row.OrderID = &m.OrderID
	}
	keys := map[string]string{attrCustomer: m.Recipient.CustomerID}
	if m.Status.Final() {
		ended := m.EndedAt.UnixMilli()
		row.EndedAt = &ended
	} else {
		content, err := jsoncodec.EncodeContent(m.Content)
		if err != nil {
			return dynamo.Item{}, err
		}
		row.Content = content
	}
	if m.Status == message.Queued {
		keys[attrQueue], keys[attrDue] = strconv.Itoa(shardOf(m.ID)), dueAt(m.DueAt)
	}
	encoded, err := json.Marshal(row)
	if err != nil {
		return dynamo.Item{}, err
	}
	packed, err := deflate.Pack(encoded)
	return dynamo.Item{Key: messageKey(m.ID), Document: packed, Keys: keys}, err
}

// addedItem is messageItem of a message that nobody has been woken for yet.
func addedItem(m message.Message) (dynamo.Item, error) {
	item, err := messageItem(m)
	if m.Status == message.Queued && err == nil {
		item.Keys[attrWake] = "1"
	}
	return item, err
}

func readMessage(item dynamo.Item) (message.Message, error) {
	messageID, err := id.Parse(strings.TrimPrefix(item.Key.PK, messagePrefix))
	if err != nil {
		return message.Message{}, fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	encoded, err := deflate.Unpack(item.Document, messageBytes)
	if err != nil {
		return message.Message{}, fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	var row messageRow
	if err := json.Unmarshal(encoded, &row); err != nil {
		return message.Message{}, fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	m := message.Message{
		ID: messageID, Origin: message.Origin(row.originRow), Template: row.Template,
		Recipient:     message.Recipient{CustomerID: item.Keys[attrCustomer], Email: row.Email, Language: row.Language},
		PerformanceID: row.PerformanceID, Subject: row.Subject, Status: row.Status, Attempts: row.Attempts,
		CreatedAt: fromMillis(row.CreatedAt), DueAt: fromMillis(row.DueAt), Reason: row.Reason, Version: row.Version,
	}
	if row.OrderID != nil {
		m.OrderID = *row.OrderID
	}
	if row.EndedAt != nil {
		m.EndedAt = fromMillis(*row.EndedAt)
	}
	if len(row.Content) > 0 {
		m.Content, err = jsoncodec.DecodeContent(row.Content)
	}
	return m, err
}

func noticeItem(n message.Notice) (dynamo.Item, error) {
	row := noticeRow{originRow: originRow(n.Origin), Template: n.Template, PerformanceID: n.PerformanceID, After: n.After}
	if !n.PreviousStart.IsZero() {
		previous := n.PreviousStart.UnixMilli()
		row.PreviousStart = &previous
	}
	return document(noticeKey(n.Origin.EventID), row)
}

func readNotice(item dynamo.Item) (message.Notice, error) {
	var row noticeRow
	if err := read(item, &row); err != nil {
		return message.Notice{}, err
	}
	n := message.Notice{Origin: message.Origin(row.originRow), Template: row.Template, PerformanceID: row.PerformanceID, After: row.After}
	if row.PreviousStart != nil {
		n.PreviousStart = fromMillis(*row.PreviousStart)
	}
	return n, nil
}

func (r customerRow) preferences() message.Preferences {
	if r.Preferences == nil {
		return message.AllWanted()
	}
	return message.Preferences(*r.Preferences)
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
