package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"ticketmesh.dev/contracts/identityapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/problem"
)

const (
	keysPath      = "/.well-known/jwks.json"
	tokenPath     = "/auth/token"
	cacheKeys     = "public, max-age=300"
	cacheNothing  = "no-store"
	wellKnownPath = "/.well-known/"
)

func newHandler(i *Issuer, origins []string, logger *slog.Logger) (http.Handler, error) {
	server, err := identityapi.NewServer(&rest{i, logger},
		identityapi.WithErrorHandler(api.ErrorHandler(logger)),
		identityapi.WithNotFound(api.NotFound),
		identityapi.WithMethodNotAllowed(api.MethodNotAllowed))
	if err != nil {
		return nil, err
	}
	cached := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Tokens must not be stored by anyone (RFC 6749, section 5.1).
		caching := cacheNothing
		if strings.HasPrefix(r.URL.Path, wellKnownPath) {
			caching = cacheKeys
		}
		w.Header().Set("Cache-Control", caching)
		server.ServeHTTP(w, r)
	})
	// There is no Verifier: an expired token must not keep its owner from
	// renewing it. Nor a store of idempotency keys: it would keep answers and
	// fast hashes of requests that hold passwords; see signUp.
	return api.Wrap(cached, api.Options{CORSOrigins: origins, Logger: logger, Clock: i.clock}), nil
}

// rest implements the generated server's handler.
type rest struct {
	issuer *Issuer
	logger *slog.Logger
}

// SignUp implements identityapi.Handler.
func (h *rest) SignUp(ctx context.Context, req *identityapi.SignUp, p identityapi.SignUpParams) (identityapi.SignUpRes, error) {
	u, repeated, err := h.issuer.signUp(ctx, p.IdempotencyKey.Or(""), req.Email, req.Password)
	if err != nil {
		return nil, err
	}
	answer := &identityapi.UserHeaders{Response: identityapi.User{UserID: u.ID, Email: u.Email}}
	if repeated {
		answer.IdempotencyReplayed.SetTo("true")
	}
	return answer, nil
}

// IssueTokens implements identityapi.Handler.
func (h *rest) IssueTokens(ctx context.Context, req identityapi.TokenRequest) (identityapi.IssueTokensRes, error) {
	var tokens Tokens
	var err error
	if grant, ok := req.GetRefreshGrant(); ok {
		tokens, err = h.issuer.Renew(ctx, grant.RefreshToken)
	} else {
		tokens, err = h.issuer.SignIn(ctx, req.PasswordGrant.Email, req.PasswordGrant.Password)
	}
	if err != nil {
		return nil, err
	}
	return &identityapi.Tokens{
		AccessToken:  tokens.Access,
		IDToken:      tokens.ID,
		RefreshToken: tokens.Refresh,
		TokenType:    identityapi.TokensTokenTypeBearer,
		ExpiresIn:    int(tokens.ExpiresIn.Seconds()),
	}, nil
}

// GetConfiguration implements identityapi.Handler.
func (h *rest) GetConfiguration(context.Context) (*identityapi.Configuration, error) {
	return &identityapi.Configuration{
		Issuer:                           h.issuer.url,
		JwksURI:                          h.issuer.url + keysPath,
		TokenEndpoint:                    h.issuer.url + tokenPath,
		GrantTypesSupported:              []string{"password", "refresh_token"},
		ResponseTypesSupported:           []string{},
		SubjectTypesSupported:            []string{"public"},
		IDTokenSigningAlgValuesSupported: []string{"RS256"},
		ScopesSupported:                  []string{"openid", "email"},
		ClaimsSupported:                  []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "email", "email_verified", "cognito:groups"},
	}, nil
}

// GetKeys implements identityapi.Handler.
func (h *rest) GetKeys(context.Context) (*identityapi.JWKS, error) {
	text, err := json.Marshal(h.issuer.jwk)
	if err != nil {
		return nil, err
	}
	var key identityapi.JWK
	if err := key.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	return &identityapi.JWKS{Keys: []identityapi.JWK{key}}, nil
}

// NewError implements identityapi.Handler.
func (h *rest) NewError(ctx context.Context, err error) *identityapi.ProblemStatusCode {
	p := api.ProblemOf(ctx, h.logger, translate(err))
	answer := identityapi.Problem{Type: p.Type(), Title: p.Title, Status: p.Status, Code: p.Code}
	if p.Detail != "" {
		answer.Detail.SetTo(p.Detail)
	}
	for _, f := range p.Errors {
		answer.Errors = append(answer.Errors, identityapi.FieldError{Field: f.Field, Message: f.Message})
	}
	return &identityapi.ProblemStatusCode{StatusCode: p.Status, Response: answer}
}

// translate is the one table from this package's errors to problems.
func translate(err error) error {
	var limited *RateLimitedError
	switch {
	case errors.As(err, &limited):
		return problem.RateLimited(limited.After)
	case errors.Is(err, ErrCredentials):
		p := problem.Unauthenticated()
		p.Detail = "These credentials are not valid."
		return p
	case errors.Is(err, ErrEmailTaken):
		return problem.New(http.StatusConflict, "email_taken", "There is an account with this address.")
	case errors.Is(err, ErrKeyReused):
		return problem.IdempotencyKeyReused()
	case errors.Is(err, ErrEmail):
		return problem.InvalidRequest(problem.Field{Field: "email", Message: "must be an e-mail address"})
	case errors.Is(err, ErrPassword):
		return problem.InvalidRequest(problem.Field{Field: "password", Message: "must have 8 to 128 characters"})
	}
	return err
}
