package mesh

import (
	"context"
	"log/slog"

	"ticketmesh.dev/platform/clock"

	"ticketmesh.dev/tools/internal/issuer"
)

// OpenUsers opens the accounts of the built-in issuer in the data folder, whether
// or not a mesh runs on it. It signs nothing, so where the mesh answers does not
// matter.
func OpenUsers(ctx context.Context, dataDir string) (*issuer.Issuer, error) {
	return issuer.Open(ctx, issuer.Config{
		DataDir: dataDir, IssuerURL: "http://localhost", ClientID: ClientID, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler),
	})
}
