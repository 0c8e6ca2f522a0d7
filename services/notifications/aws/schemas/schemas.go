// Package schemas validates what functions of notifications announce, in the two of them that announce anything.
package schemas

import (
	"sync"

	"ticketmesh.dev/contracts"
)

var made = sync.OnceValues(contracts.NewValidator)

// Validator is the contracts' one. It reads the schemas when something is first announced.
type Validator struct{}

// Validate implements event.Validator.
func (Validator) Validate(eventType string, data []byte) error {
	v, err := made()
	if err != nil {
		return err
	}
	return v.Validate(eventType, data)
}
