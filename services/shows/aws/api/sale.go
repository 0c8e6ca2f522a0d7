package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/aws/state"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/ticketsclient"
)

// saleTimeout is how long the sale may take over a change of a seat map; the gateway
// waits 29 s.
const saleTimeout = 20 * time.Second

// sale is app.Sale over the tickets API. Its stack comes after that of shows and says
// where it answers in a parameter, which is read when it is first needed: as a variable
// of the function each stack would wait for the other.
type sale struct {
	client *awsconfig.Value[*ticketsclient.Client]
}

var _ app.Sale = sale{}

func newSale(s state.State) sale {
	return sale{awsconfig.NewParameter(s.Client, s.Parameters+"/tickets/url", func(url string) (*ticketsclient.Client, error) {
		return ticketsclient.New(url, &http.Client{Timeout: saleTimeout})
	}, awsconfig.Options{Clock: s.Clock})}
}

// PrepareSeatMap implements app.Sale.
func (s sale) PrepareSeatMap(ctx context.Context, caller app.Caller, performanceID id.ID, version int, m seatmap.Map) error {
	client, err := s.client.Get(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", app.ErrSaleSilent, err)
	}
	return client.PrepareSeatMap(ctx, caller, performanceID, version, m)
}
