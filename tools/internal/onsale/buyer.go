package onsale

import (
	"context"
	"fmt"
	"time"

	"ticketmesh.dev/contracts/identityapi"
	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/contracts/ticketsapi"
	"ticketmesh.dev/platform/id"
)

// buyer is a signed-in customer.
type buyer struct{ tickets *ticketsapi.Client }

// buy holds a place and orders it. Any other answer than the two 201s is an error.
func (b *buyer) buy(ctx context.Context, performanceID id.ID, wish ticketsapi.HoldRequestItem) (sale, error) {
	begin := time.Now()
	held, err := b.tickets.PlaceHold(ctx, &ticketsapi.PlaceHold{
		PerformanceID: performanceID, Items: []ticketsapi.HoldRequestItem{wish},
	}, ticketsapi.PlaceHoldParams{})
	if err != nil {
		return sale{}, err
	}
	hold, ok := held.(*ticketsapi.Hold)
	if !ok {
		return sale{}, unexpected(held)
	}
	heldAt := time.Now()
	ordered, err := b.tickets.PlaceOrder(ctx, &ticketsapi.PlaceOrder{
		HoldID: hold.HoldID, Payment: ticketsapi.Payment{Provider: ticketsapi.PaymentProviderTest, Token: "tok_ok"},
	}, ticketsapi.PlaceOrderParams{})
	if err != nil {
		return sale{}, err
	}
	if _, ok := ordered.(*ticketsapi.PlaceOrderCreated); !ok {
		return sale{}, unexpected(ordered)
	}
	return sale{hold: heldAt.Sub(begin), order: time.Since(heldAt), heldAt: heldAt}, nil
}

func signIn(ctx context.Context, identity *identityapi.Client, email, password string) (string, error) {
	answer, err := identity.IssueTokens(ctx, identityapi.NewPasswordGrantTokenRequest(identityapi.PasswordGrant{Email: email, Password: password}))
	if err != nil {
		return "", err
	}
	tokens, ok := answer.(*identityapi.Tokens)
	if !ok {
		return "", unexpected(answer)
	}
	return tokens.AccessToken, nil
}

func unexpected(answer any) error { return fmt.Errorf("the API answered %T: %+v", answer, answer) }

type showsToken string

// Bearer implements showsapi.SecuritySource.
func (t showsToken) Bearer(context.Context, showsapi.OperationName) (showsapi.Bearer, error) {
	return showsapi.Bearer{Token: string(t)}, nil
}

type ticketsToken string

// Bearer implements ticketsapi.SecuritySource.
func (t ticketsToken) Bearer(context.Context, ticketsapi.OperationName) (ticketsapi.Bearer, error) {
	return ticketsapi.Bearer{Token: string(t)}, nil
}
