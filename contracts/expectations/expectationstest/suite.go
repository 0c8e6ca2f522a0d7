// Package expectationstest holds a consumer to its expectations file. It knows
// nothing of what the consumer does, only whether it does the same.
package expectationstest

import (
	"io/fs"
	"path"
	"slices"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/expectations"
)

// Handle has a consumer that knows nothing yet handle an event, a whole
// CloudEvent in JSON, and returns a text that shows all the effect it had, or
// the error of the handler.
type Handle func(t *testing.T, cloudEvent []byte) (effect string, err error)

// Consumer checks that the expectations file of a consumer says neither too
// little nor too much, with every example of its events:
//   - cut down to what the file states, an event has the effect it has whole;
//   - without any one thing that is needed it is refused or has another effect,
//     in all examples that have it;
//   - without any one thing that is used the same, in one example at least.
//
// types are those that the consumer subscribes to.
func Consumer(t *testing.T, consumer string, types []string, handle Handle) {
	t.Helper()
	set, err := expectations.All()
	if err != nil {
		t.Fatal(err)
	}
	stated, err := set.Of(consumer)
	if err != nil {
		t.Fatal(err)
	}
	subscribed := slices.Sorted(slices.Values(types))
	if !slices.Equal(stated.Types(), subscribed) {
		t.Errorf("%s expects\n%v, but subscribes to\n%v", consumer, stated.Types(), subscribed)
	}
	for _, e := range stated.Events {
		t.Run(e.Type, func(t *testing.T) {
			t.Parallel()
			for _, problem := range Problems(t, e, examples(t, e.Type), handle) {
				t.Error(problem)
			}
		})
	}
}

// examples returns the contract's examples of a type by the files' names.
func examples(t *testing.T, eventType string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := fs.WalkDir(contracts.Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(path.Dir(file)) != "examples" {
			return err
		}
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			return err
		}
		if is, err := typeOf(text); err != nil || is != eventType {
			return err
		}
		found[file] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no examples of %s", eventType)
	}
	return found
}
