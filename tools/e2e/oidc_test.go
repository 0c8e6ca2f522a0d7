package e2e_test

import (
	"testing"

	"ticketmesh.dev/tools/internal/demo"
)

// TestAnotherIssuerServesByConfigurationAlone has one mesh take the tokens of
// another, which plays any OIDC issuer: found by its discovery document, its
// keys fetched over HTTP.
func TestAnotherIssuerServesByConfigurationAlone(t *testing.T) {
	t.Parallel()
	issuer := demoMesh(t)
	s := startServer(t, "--oidc-issuer", issuer.url, "--oidc-client-id", "ticketmesh-embedded")
	c := s.client()
	token := issuer.signIn(t, demo.Organizer, demo.Password).Access
	c.want(t, 201, call{method: "POST", path: "/shows", token: token, body: validBodies["createShow"]}, nil)
	refused(t, c.do(t, call{method: "POST", path: "/auth/token", body: map[string]string{"email": demo.Organizer, "password": demo.Password}}), 404, "not_found")

	other := startServer(t, "--oidc-issuer", issuer.url, "--oidc-client-id", "somebody-elses-app").client()
	refused(t, other.do(t, call{method: "POST", path: "/shows", token: token, body: validBodies["createShow"]}), 401, "unauthenticated")
	own := startServer(t).client()
	refused(t, own.do(t, call{method: "POST", path: "/shows", token: token, body: validBodies["createShow"]}), 401, "unauthenticated")
}
