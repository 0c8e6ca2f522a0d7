package sqlite

import (
	"database/sql/driver"
	"strings"
	"sync"

	sqlite "modernc.org/sqlite"

	"ticketmesh.dev/platform/words"
)

// registerWords gives SQL the function words(text): the words of the text, as package
// words has them, with spaces between. It is a function so that migrations and triggers
// can fill an index for full text search. The driver takes functions for all databases
// of the process at once.
var registerWords = sync.OnceValue(func() error {
	return sqlite.RegisterDeterministicScalarFunction("words", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, _ := args[0].(string)
		return strings.Join(words.Of(text), " "), nil
	})
})
