package performance

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

var (
	// ErrUnknownChannel reports a channel that the performance has not.
	ErrUnknownChannel = errors.New("unknown channel")
	// ErrInvalidPresaleCode reports a code that no presale has, or none that is for
	// the price category.
	ErrInvalidPresaleCode = errors.New("invalid presale code")
)

// Channel is when one way of selling beside the public's sells, whatever the
// windows of the performance and its categories are.
type Channel struct {
	ID           string
	SalesOpenAt  time.Time `json:",omitzero"` // zero: at once
	SalesCloseAt time.Time `json:",omitzero"` // zero: at the start
}

// Presale is a sale by codes, from before the general sale opens. A code is good
// for so many places.
type Presale struct {
	ID         string
	OpensAt    time.Time
	ClosesAt   time.Time `json:",omitzero"`  // zero: with the general sale
	Categories []string  `json:",omitempty"` // empty: all
	Channel    string    `json:",omitempty"` // whose allocations its codes are good for too
	Uses       int       // of each code
	Codes      []string  // digests
}

// CodeDigest is what is known of a presale code: codes are secrets, and good in
// small letters too.
func CodeDigest(code string) string {
	digest := sha256.Sum256([]byte(strings.ToUpper(code)))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// CodeQuota is the quota of the code that has the digest.
func CodeQuota(digest string) string { return inventory.QuotaID("code", digest) }

// Sale is how a hold is made. The zero value is what the public does.
type Sale struct {
	Channel   string // that sells, and whose allocations are for sale
	PresaleID string // whose code was given
}

// PresaleOf returns the presale that has a code of the digest, or
// ErrInvalidPresaleCode.
func (p *Performance) PresaleOf(digest string) (Presale, error) {
	for _, presale := range p.Presales {
		if slices.Contains(presale.Codes, digest) {
			return presale, nil
		}
	}
	return Presale{}, ErrInvalidPresaleCode
}

// LimitsOf returns what a customer may have of what is sold so. Who sells through
// a channel of their own is no customer.
func (p *Performance) LimitsOf(sale Sale) Limits {
	if sale.Channel != "" && sale.PresaleID == "" {
		return Limits{}
	}
	return p.Limits
}

// Sells reports whether the codes of the presale are good for the category.
func (p Presale) Sells(categoryID string) bool {
	return len(p.Categories) == 0 || slices.Contains(p.Categories, categoryID)
}

func (p Presale) open(now time.Time) bool {
	return !now.Before(p.OpensAt) && (p.ClosesAt.IsZero() || now.Before(p.ClosesAt))
}

// CheckChannel returns ErrUnknownChannel unless the performance names the channel
// anywhere.
func (p *Performance) CheckChannel(channel string) error {
	if slices.ContainsFunc(p.Channels, func(c Channel) bool { return c.ID == channel }) ||
		slices.ContainsFunc(p.Allocations, func(a seatmap.Allocation) bool { return a.Channel == channel }) {
		return nil
	}
	return ErrUnknownChannel
}

// CheckSalesBy returns ErrSalesClosed unless places of the price category are sold
// so at now: through a channel in the channel's window if it has one, by a presale
// while that is open, and in any way while the public may buy.
func (p *Performance) CheckSalesBy(sale Sale, categoryID string, now time.Time) error {
	for _, channel := range p.Channels {
		if sale.PresaleID == "" && channel.ID == sale.Channel {
			if p.Cancelled || now.Before(channel.SalesOpenAt) || !now.Before(p.StartsAt) || !channel.SalesCloseAt.IsZero() && !now.Before(channel.SalesCloseAt) {
				return ErrSalesClosed
			}
			return nil
		}
	}
	for _, presale := range p.Presales {
		if presale.ID == sale.PresaleID && presale.Sells(categoryID) && presale.open(now) && !p.Cancelled && now.Before(p.SalesCloseAtOf(categoryID)) {
			return nil
		}
	}
	return p.CheckSalesOf(categoryID, now)
}

// addCodes counts the uses of each code. A code needs no more than there are
// places.
func (p *Performance) addCodes(layout *seatmap.Layout) error {
	places := layout.Places()
	for _, presale := range p.Presales {
		if presale.Uses < 1 {
			return fmt.Errorf("%w: codes of presale %q are good for nothing", ErrMalformed, presale.ID)
		}
		for _, digest := range presale.Codes {
			if err := layout.AddQuota(CodeQuota(digest), min(presale.Uses, places)); err != nil {
				return err
			}
		}
	}
	return nil
}
