package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/contracts/showsapi"
)

//go:embed season
var files embed.FS

// season is the file season.json. Requests are in the form of the contracts;
// dates are in days from the day of loading, so that there is always something
// to sell, and seat maps are files of their own.
type season struct {
	Venues  []plannedVenue         `json:"venues"`
	Artists []infoapi.ArtistInput  `json:"artists"`
	Pages   []infoapi.PageCreation `json:"pages"`
	Shows   []plannedShow          `json:"shows"`
}

type plannedVenue struct {
	Key   string             `json:"key"` // by which shows name it
	Venue infoapi.VenueInput `json:"venue"`
}

type plannedShow struct {
	Title        string                  `json:"title"`
	Description  string                  `json:"description"`
	Category     string                  `json:"category"`
	Venue        string                  `json:"venue"`
	SeatMap      string                  `json:"seatMap"`
	Limits       showsapi.OptLimitsInput `json:"limits"`
	Performances []plannedPerformance    `json:"performances"`
}

type plannedPerformance struct {
	InDays int    `json:"inDays"`
	At     string `json:"at"` // local time of day, hh:mm
}

func readSeason() (season, error) {
	var s season
	text, err := files.ReadFile("season/season.json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("season.json: %w", err)
	}
	return s, nil
}

// SeatMap returns one of the demo's seat maps, for instance "hall-1500".
func SeatMap(name string) (showsapi.SeatMapInput, error) {
	var m showsapi.SeatMapInput
	text, err := files.ReadFile("season/" + name + ".seatmap.json")
	if err != nil {
		return m, err
	}
	if err := m.UnmarshalJSON(text); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// localStart is the local date and time of a performance, in the form of the API.
func (p plannedPerformance) localStart(today time.Time) string {
	return today.AddDate(0, 0, p.InDays).Format(time.DateOnly) + "T" + p.At
}
