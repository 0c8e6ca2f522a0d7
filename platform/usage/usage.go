// Package usage is what functions ask of AWS, in the units that AWS charges for, as it was
// measured and is kept in a file. It knows no service of ours and no price; package
// usagetest measures.
package usage

import (
	"encoding/json"
	"fmt"
	"os"
)

// Usage is what the invocations of a function in a use case have asked for.
type Usage struct {
	Invocations int            `json:"invocations"`
	Requests    map[string]int `json:"requests,omitempty"` // to services of AWS, by "service.Operation"
	ReadUnits   float64        `json:"readUnits,omitempty"`
	WriteUnits  int            `json:"writeUnits,omitempty"` // of the table and its indexes
	Events      int            `json:"events,omitempty"`     // published, each 64 KB or the begun part of it
	EventKB     int            `json:"eventKb,omitempty"`    // each event's rounded up
	Mails       int            `json:"mails,omitempty"`
	MailKB      int            `json:"mailKb,omitempty"`     // each mail's rounded up; its boundaries differ
	ResponseKB  int            `json:"responseKb,omitempty"` // to whoever invoked it, each rounded up

	// The rest is of one machine and moment, and no test compares it.

	// OwnMillis is how long the invocations took but for the time in which AWS was asked,
	// at a full CPU.
	OwnMillis float64 `json:"ownMillis"`
	LogBytes  int     `json:"logBytes"` // without what Lambda adds
	// GzipBytes are those of the responses when they are compressed.
	GzipBytes int `json:"gzipBytes,omitempty"`
}

// Case is what a use case has asked for, by function.
type Case map[string]Usage

// Read reads a file of measured units: use cases by name.
func Read(path string) (map[string]Case, error) {
	encoded, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var cases map[string]Case
	if err := json.Unmarshal(encoded, &cases); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cases, nil
}
