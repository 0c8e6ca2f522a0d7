package dynamo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"strconv"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// items are items that were read, by their keys.
type items map[dynamo.Key]dynamo.Item

// Backgrounds implements app.Outgoing. Most messages of a batch are about the same few performances, which are read
// once. Tokens of categories that the customer gets the first mail of are made here, and not when messages are added:
// that would add two items to each, for a lookup that is not needed before.
func (s *Store) Backgrounds(ctx context.Context, messages []message.Message) ([]message.Background, error) {
	known, err := s.surroundings(ctx, messages)
	if err != nil {
		return nil, err
	}
	found := make([]message.Background, len(messages))
	for i, m := range messages {
		if found[i], err = known.background(m); err != nil {
			return nil, err
		}
	}
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(maxCalls)
	for i, m := range messages {
		if found[i].Token == "" {
			calls.Go(func() (err error) {
				found[i].Token, err = s.token(ctx, m.Recipient, m.Template.Category())
				return err
			})
		}
	}
	return found, calls.Wait()
}

// surroundings reads what the messages refer to: at first what they name, then the shows and venues of their
// performances, and then the venues of shows.
func (s *Store) surroundings(ctx context.Context, messages []message.Message) (items, error) {
	var wanted []dynamo.Key
	for _, m := range messages {
		wanted = append(wanted, performanceKey(m.PerformanceID), customerKey(m.Recipient.CustomerID), blockKey(m.Recipient.Email))
		if m.OrderID != id.Nil {
			wanted = append(wanted, purchaseKey(m.PerformanceID, m.OrderID))
		}
	}
	known, asked := items{}, map[dynamo.Key]bool{showKey(id.Nil): true, venueKey(id.Nil): true} // there are none
	for len(wanted) > 0 {
		found, err := s.table.GetAll(ctx, wanted)
		if err != nil {
			return nil, err
		}
		maps.Copy(known, found)
		wanted = nil
		for _, m := range messages {
			b, err := known.stage(m.PerformanceID)
			if err != nil {
				return nil, err
			}
			for _, key := range []dynamo.Key{showKey(b.Performance.ShowID), venueKey(b.VenueID())} {
				if !asked[key] {
					asked[key] = true
					wanted = append(wanted, key)
				}
			}
		}
	}
	return known, nil
}

// background returns what is known about a message. Its token is empty when there is none yet.
func (known items) background(m message.Message) (b message.Background, err error) {
	if b, err = known.stage(m.PerformanceID); err != nil {
		return b, err
	}
	if item, there := known[purchaseKey(m.PerformanceID, m.OrderID)]; there {
		p, err := readPurchase(m.PerformanceID, item)
		if err != nil {
			return b, err
		}
		b.Purchase = &p
	}
	var customer customerRow
	if item, there := known[customerKey(m.Recipient.CustomerID)]; there {
		if err := read(item, &customer); err != nil {
			return b, err
		}
	}
	b.Preferences, b.Token = customer.preferences(), customer.Tokens[m.Template.Category()]
	if item, there := known[blockKey(m.Recipient.Email)]; there {
		till, err := strconv.ParseInt(string(item.Document), 10, 64)
		if err != nil {
			return b, err
		}
		b.BlockedTill = fromMillis(till)
	}
	return b, nil
}

// stage returns a performance with its show and venue, as far as they are known.
func (known items) stage(performanceID id.ID) (b message.Background, err error) {
	item, there := known[performanceKey(performanceID)]
	if !there {
		return b, nil
	}
	if b.Performance, err = readPerformance(performanceID, item); err != nil {
		return b, err
	}
	if item, there := known[showKey(b.Performance.ShowID)]; there {
		var row stateRow
		if err := read(item, &row); err != nil {
			return b, err
		}
		show, err := jsoncodec.DecodeShow(b.Performance.ShowID, row.Version, row.State)
		if err != nil {
			return b, err
		}
		b.Show = &show
	}
	if item, there := known[venueKey(b.VenueID())]; there {
		var row stateRow
		if err := read(item, &row); err != nil {
			return b, err
		}
		venue, err := jsoncodec.DecodeVenue(b.VenueID(), row.Version, row.State)
		if err != nil {
			return b, err
		}
		b.Venue = &venue
	}
	return b, nil
}

// token returns the token that unsubscribes a customer from a category, and makes it when there is none.
func (s *Store) token(ctx context.Context, to message.Recipient, category message.Category) (token string, err error) {
	fresh := newToken()
	err = s.table.Update(ctx, func(tx *dynamo.Tx) error {
		var customer customerRow
		if _, err := find(tx, customerKey(to.CustomerID), &customer); err != nil {
			return err
		}
		if token = customer.Tokens[category]; token != "" {
			return nil
		}
		token = fresh
		if customer.Tokens == nil {
			customer.Tokens = map[message.Category]string{}
		}
		customer.Tokens[category] = token
		item, err := document(customerKey(to.CustomerID), customer)
		if err != nil {
			return err
		}
		tx.Put(item)
		if item, err = document(tokenKey(token), subscriptionRow{to.CustomerID, category, to.Language}); err != nil {
			return err
		}
		tx.Put(item)
		return nil
	})
	return token, err
}

// newToken returns 256 random bits as text that stands in an address as it is. It is longer than an id, which is how
// logs of requests know what to leave out of a path.
func newToken() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails: the runtime ends the process first
	return base64.RawURLEncoding.EncodeToString(random[:])
}
