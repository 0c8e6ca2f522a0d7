package usagetest

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"

	"ticketmesh.dev/platform/usage"
)

// write is for go test: -args -write-units.
var write = flag.Bool("write-units", false, "write the files of measured units instead of holding them to what is measured")

// Hold fails the test when the file of a service does not say what was measured: its use
// cases, each as often as it was repeated, which must cost the same every time. With
// -write-units it writes the file; times, logs and compressed sizes are then the median of the repetitions.
func Hold(tb testing.TB, path string, measured map[string][]usage.Case) {
	tb.Helper()
	got := map[string]usage.Case{}
	for name, repeated := range measured {
		for _, each := range repeated[1:] {
			if want, got := exact(repeated[0]), exact(each); !reflect.DeepEqual(got, want) {
				tb.Errorf("%s: once\n%s\nthen\n%s", name, show(want), show(got))
				break
			}
		}
		got[name] = middle(repeated)
	}
	if *write {
		encoded, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, append(encoded, '\n'), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := usage.Read(path)
	if err != nil {
		tb.Fatal(err)
	}
	for name, c := range got {
		if w, g := exact(want[name]), exact(c); !reflect.DeepEqual(g, w) {
			tb.Errorf("%s: measured\n%s\n%s says (go test -args -write-units writes it)\n%s", name, show(g), path, show(w))
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			tb.Errorf("%s: %s is not measured any more", path, name)
		}
	}
}

// exact is what of a case is the same on every machine.
func exact(c usage.Case) usage.Case {
	same := usage.Case{}
	for function, u := range c {
		u.OwnMillis, u.LogBytes, u.GzipBytes = 0, 0, 0
		same[function] = u
	}
	return same
}

// middle is the first of the cases with the median of what is not exact.
func middle(cases []usage.Case) usage.Case {
	c := exact(cases[0])
	for function, u := range c {
		var millis []float64
		var logged, zipped []int
		for _, each := range cases {
			millis = append(millis, each[function].OwnMillis)
			logged, zipped = append(logged, each[function].LogBytes), append(zipped, each[function].GzipBytes)
		}
		slices.Sort(millis)
		slices.Sort(logged)
		slices.Sort(zipped)
		u.OwnMillis = float64(int(millis[len(millis)/2]*100)) / 100
		u.LogBytes, u.GzipBytes = logged[len(logged)/2], zipped[len(zipped)/2]
		c[function] = u
	}
	return c
}

func show(c usage.Case) string {
	encoded, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
