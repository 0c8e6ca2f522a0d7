// Package showsclient fetches what the shows service tells by reference.
package showsclient

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"ticketmesh.dev/contracts/showsevents"

	"ticketmesh.dev/services/tickets/internal/eventcodec"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// maxSeatMapBytes bounds what is read: 200,000 seats take about 2 MiB.
const maxSeatMapBytes = 8 << 20

// Client reads from the public routes of the shows API.
type Client struct {
	base *url.URL
	http *http.Client
}

// New returns a client for the API at base, for instance http://127.0.0.1:8080.
func New(base string, client *http.Client) (*Client, error) {
	parsed, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	return &Client{base: parsed, http: client}, nil
}

// SeatMap fetches the seat map that an event refers to by its path. Errors may
// pass: the caller tries again. A path that leaves the API is refused.
func (c *Client) SeatMap(ctx context.Context, path string) ([]seatmap.Area, []seatmap.Allocation, error) {
	if !strings.HasPrefix(path, "/shows/") || strings.Contains(path, "..") {
		return nil, nil, fmt.Errorf("%q is no path of the shows API", path)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath(path).String(), nil)
	if err != nil {
		return nil, nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxSeatMapBytes))
	if err != nil {
		return nil, nil, err
	}
	var data showsevents.SeatMap
	if err := data.UnmarshalJSON(body); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return eventcodec.Areas(data), eventcodec.Allocations(data), nil
}
