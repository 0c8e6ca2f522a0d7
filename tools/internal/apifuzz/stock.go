package apifuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ticketmesh.dev/tools/internal/demo"
)

// bought is what is bought from: it has numbered seats and standing room, and no
// limit to what a customer may have.
const bought = "nordlicht"

const (
	holds  = 12
	orders = 12
	settle = 30 * time.Second
)

// stock buys tickets and writes the ids of what there is then into files that the
// dictionaries of schemathesis.toml name. With made-up ids alone, most requests
// would end at "not found".
func stock(ctx context.Context, api client, folder string) error {
	var shows struct{ Items []struct{ ShowID string } }
	if err := api.call(ctx, "GET", "/shows?q="+url.QueryEscape(bought), nil, &shows); err != nil {
		return err
	}
	if len(shows.Items) != 1 {
		return fmt.Errorf("the demo season has %d shows %q", len(shows.Items), bought)
	}
	var performances struct {
		Items []struct{ PerformanceID string }
	}
	if err := api.call(ctx, "GET", "/shows/"+shows.Items[0].ShowID+"/performances", nil, &performances); err != nil {
		return err
	}
	if len(performances.Items) == 0 {
		return fmt.Errorf("the show %q has no performance", bought)
	}
	performance := performances.Items[0].PerformanceID
	var seats struct {
		Areas []struct{ AreaID, Kind string }
	}
	if err := api.await(ctx, "/tickets/performances/"+performance+"/seats", &seats); err != nil {
		return err
	}
	ids := map[string][]string{"shows": {shows.Items[0].ShowID}, "performances": {performance}}
	general := ""
	for _, area := range seats.Areas {
		ids["areas"] = append(ids["areas"], area.AreaID)
		if area.Kind == "general" {
			general = area.AreaID
		}
	}
	for i := range holds + orders {
		var hold struct{ HoldID string }
		err := api.call(ctx, "POST", "/tickets/holds", map[string]any{
			"performanceId": performance, "items": []any{map[string]any{"areaId": general, "quantity": 2}},
		}, &hold)
		if err != nil {
			return err
		}
		if i < holds {
			ids["holds"] = append(ids["holds"], hold.HoldID)
			continue
		}
		var order struct {
			OrderID string
			Tickets []struct{ TicketID string }
		}
		err = api.call(ctx, "POST", "/tickets/orders", map[string]any{
			"holdId": hold.HoldID, "payment": map[string]any{"provider": "test", "token": "tok_ok"},
		}, &order)
		if err != nil {
			return err
		}
		ids["orders"] = append(ids["orders"], order.OrderID)
		for _, t := range order.Tickets {
			var ticket struct{ Code string }
			if err := api.call(ctx, "GET", "/tickets/"+t.TicketID, nil, &ticket); err != nil {
				return err
			}
			ids["tickets"] = append(ids["tickets"], t.TicketID)
			ids["codes"] = append(ids["codes"], ticket.Code)
		}
	}
	for name, values := range ids {
		text := `"` + strings.Join(values, "\"\n\"") + "\"\n"
		if err := os.WriteFile(filepath.Join(folder, name+".txt"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// client calls the API as one caller.
type client struct{ url, token string }

func (c client) signIn(ctx context.Context, email string) (token string, err error) {
	var tokens struct {
		Access string `json:"access_token"`
	}
	err = c.call(ctx, "POST", "/auth/token", map[string]any{"email": email, "password": demo.Password}, &tokens)
	return tokens.Access, err
}

// await reads what is at path once there is something.
func (c client) await(ctx context.Context, path string, got any) error {
	ctx, stop := context.WithTimeout(ctx, settle)
	defer stop()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		err := c.call(ctx, "GET", path, nil, got)
		if err == nil {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// call sends a request and reads the answer. Any but a success is an error.
func (c client) call(ctx context.Context, method, path string, body, got any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	return json.Unmarshal(text, got)
}
