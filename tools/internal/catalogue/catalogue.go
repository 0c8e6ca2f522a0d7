// Package catalogue writes what there is to know of the events and APIs as pages
// that anybody can read: who publishes, who consumes, schemas, examples, versions
// and the flow as a picture. It reads the contracts and nothing else, so what it
// says of a service is what the service promised, not what it does. The pages
// need no server, no script and nothing from elsewhere; sensitive values are
// masked in all of them, in the copied examples too.
package catalogue

import (
	"slices"
	"strings"
	"sync"

	"ticketmesh.dev/contracts"
)

// file is one of the catalogue.
type file struct {
	name string // with slashes, below the catalogue's root
	text []byte
}

// all renders the catalogue once, when it is first asked for: a mesh that starts
// has better things to do.
var all = sync.OnceValues(func() ([]file, error) {
	m, err := read(contracts.Files, contracts.NewMasker().MaskEvent)
	if err != nil {
		return nil, err
	}
	return render(m)
})

// find returns the file of the name; the files are sorted.
func find(files []file, name string) (file, bool) {
	i, found := slices.BinarySearchFunc(files, name, func(f file, name string) int { return strings.Compare(f.name, name) })
	if !found {
		return file{}, false
	}
	return files[i], true
}
