package selling

import (
	"context"

	gojose "github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/services/tickets/aws/state"
	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// Codes are signed with the keys that the secret has: see jose.Parse.
type Codes struct{ keys *awsconfig.Value[*jose.Codes] }

func newCodes(s state.State) Codes {
	return Codes{awsconfig.NewSecret(s.Client, s.CodeKeySecret, jose.Parse, awsconfig.Options{Clock: s.Clock})}
}

// Sign implements app.Codes.
func (c Codes) Sign(ctx context.Context, code ticket.Code) (string, error) {
	keys, err := c.keys.Get(ctx)
	if err != nil {
		return "", err
	}
	return keys.Sign(ctx, code)
}

// Texts implements app.Codes.
func (c Codes) Texts(ctx context.Context, code ticket.Code) ([]string, error) {
	keys, err := c.keys.Get(ctx)
	if err != nil {
		return nil, err
	}
	return keys.Texts(ctx, code)
}

// Verify implements app.Codes.
func (c Codes) Verify(ctx context.Context, text string) (ticket.Code, error) {
	keys, err := c.keys.Get(ctx)
	if err != nil {
		return ticket.Code{}, err
	}
	return keys.Verify(ctx, text)
}

// PublicKeys implements rest.Keys.
func (c Codes) PublicKeys(ctx context.Context) ([]gojose.JSONWebKey, error) {
	keys, err := c.keys.Get(ctx)
	if err != nil {
		return nil, err
	}
	return keys.PublicKeys(ctx)
}
