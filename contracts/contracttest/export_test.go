package contracttest

import (
	"io/fs"
)

// Read is Document of a text.
func Read(text string) (*API, error) {
	d, err := parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return newAPI(d), nil
}

// FindExamples is Examples of other contracts.
func FindExamples(files fs.FS, types ...string) ([]Example, error) { return examplesIn(files, types) }

// Unfounded is what Expectations finds of one event.
var Unfounded = unfounded
