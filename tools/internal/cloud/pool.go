package cloud

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/stacks"
)

// pool is the user pool: it makes access tokens, what its trigger says in them.
type pool struct {
	cloud  *Cloud
	arn    string
	id     string
	client string
	issuer string
	key    jose.JSONWebKey
	signer jose.Signer
	// trigger is invoked before each token.
	trigger string
}

// cognito invokes the triggers of pools.
const cognito = "cognito-idp.amazonaws.com"

func (c *Cloud) makePool(context.Context) error {
	pools, clients := c.resources("AWS::Cognito::UserPool"), c.resources("AWS::Cognito::UserPoolClient")
	if len(pools) != 1 || len(clients) != 1 {
		return fmt.Errorf("%d user pools and %d clients are there, want one of each", len(pools), len(clients))
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	r := pools[0]
	p := &pool{cloud: c, arn: r.Attributes["Arn"], id: r.PhysicalID, client: clients[0].PhysicalID, key: jose.JSONWebKey{Key: private.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}
	var said struct {
		LambdaConfig struct {
			PreTokenGenerationConfig struct{ LambdaArn, LambdaVersion string }
		}
	}
	if err := reread(r.Properties, &said); err != nil {
		return err
	}
	if p.trigger = said.LambdaConfig.PreTokenGenerationConfig.LambdaArn; said.LambdaConfig.PreTokenGenerationConfig.LambdaVersion != "V2_0" {
		return errors.New("only the second version of the trigger changes access tokens")
	}
	if p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: "1"}}, nil); err != nil {
		return err
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	c.closers = append(c.closers, func() error { server.Close(); return nil })
	p.issuer = server.URL
	answer := func(path string, document any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(document) })
	}
	answer("/.well-known/openid-configuration", map[string]any{"issuer": p.issuer, "jwks_uri": p.issuer + "/.well-known/jwks.json"})
	answer("/.well-known/jwks.json", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.key}})
	c.local[r.Attributes["ProviderURL"]] = p.issuer
	c.pool = p
	return nil
}

// User is somebody who has signed up.
type User struct {
	ID     string
	Email  string
	Groups []string
}

// SignIn returns an access token of the pool for a user, made as Cognito does: with what
// the trigger before it says.
func (c *Cloud) SignIn(ctx context.Context, u User) (string, error) {
	p := c.pool
	if err := c.mayInvoke(cognito, p.arn, p.trigger); err != nil {
		return "", c.problem("%w", err)
	}
	var e events.CognitoEventUserPoolsPreTokenGenV2_0
	e.Version, e.TriggerSource, e.Region, e.UserPoolID, e.UserName = "2", "TokenGeneration_Authentication", stacks.Region, p.id, u.ID
	e.CallerContext.ClientID = p.client
	e.Request.UserAttributes = map[string]string{"sub": u.ID, "email": u.Email, "email_verified": "true"}
	e.Request.GroupConfiguration.GroupsToOverride = u.Groups
	payload, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	f, err := c.find(p.trigger)
	if err != nil {
		return "", c.problem("%w", err)
	}
	answer, err := f.invoke(ctx, p.trigger, payload, tracing.Link{})
	if err != nil {
		return "", c.problem("%w", err)
	}
	if err := json.Unmarshal(answer, &e); err != nil {
		return "", err
	}
	access := e.Response.ClaimsAndScopeOverrideDetails.AccessTokenGeneration
	now := time.Now()
	claims := map[string]any{
		"iss": p.issuer, "sub": u.ID, "client_id": p.client, "token_use": "access", "jti": id.New().String(), "username": u.ID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "scope": strings.Join(append([]string{"openid"}, access.ScopesToAdd...), " "),
	}
	if groups := e.Response.ClaimsAndScopeOverrideDetails.GroupOverrideDetails.GroupsToOverride; len(groups) > 0 {
		claims["cognito:groups"] = groups
	}
	for name, value := range access.ClaimsToAddOrOverride {
		claims[name] = value
	}
	return jwt.Signed(p.signer).Claims(claims).Serialize()
}

// claims verifies a token as the gateway's authorizer for user pools does.
func (p *pool) claims(_ context.Context, pool, token string) (map[string]any, error) {
	if pool != p.arn {
		return nil, fmt.Errorf("there is no user pool %s", pool)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	var registered jwt.Claims
	if err := parsed.Claims(p.key.Key, &claims, &registered); err != nil {
		return nil, err
	}
	return claims, registered.ValidateWithLeeway(jwt.Expected{Issuer: p.issuer, Time: time.Now()}, 0)
}
