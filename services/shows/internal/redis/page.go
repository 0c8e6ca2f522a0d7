package redis

import (
	"encoding/json"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
)

// pageBody is what Redis holds of a page.
type pageBody struct {
	Mark  string            `json:"mark,omitempty"`
	At    int64             `json:"at"` // milliseconds since 1970
	Next  id.ID             `json:"next"`
	Shows []json.RawMessage `json:"shows"`
}

func encode(kept app.Kept) (string, error) {
	body := pageBody{Mark: kept.Mark, At: kept.At.UnixMilli(), Next: kept.Page.Next}
	for _, s := range kept.Page.Shows {
		encoded, err := jsoncodec.EncodeShow(s)
		if err != nil {
			return "", err
		}
		body.Shows = append(body.Shows, encoded)
	}
	text, err := json.Marshal(body)
	return string(text), err
}

// decode returns nil for what it cannot read: the next load replaces it.
func decode(text string) *app.Kept {
	var body pageBody
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return nil
	}
	kept := &app.Kept{Mark: body.Mark, At: time.UnixMilli(body.At).UTC(), Page: app.ShowPage{Next: body.Next}}
	for _, s := range body.Shows {
		decoded, err := jsoncodec.DecodeShow(s)
		if err != nil {
			return nil
		}
		kept.Page.Shows = append(kept.Page.Shows, decoded)
	}
	return kept
}
