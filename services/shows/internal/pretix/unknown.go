package pretix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// members are what the format has at each level, by the path with the list
// indexes left out.
var members = map[string][]string{
	"":                           {"name", "zones", "categories", "size"},
	"/size":                      {"width", "height"},
	"/categories":                {"name", "color"},
	"/zones":                     {"name", "displayed", "position", "rows", "areas"},
	"/zones/position":            {"x", "y"},
	"/zones/rows":                {"row_number", "seats", "number_of_seats", "seats_spacing", "position"},
	"/zones/rows/position":       {"x", "y"},
	"/zones/rows/seats":          {"seat_guid", "seat_number", "position", "category"},
	"/zones/rows/seats/position": {"x", "y"},
	"/zones/areas":               {"color", "border_color", "width", "height", "position", "rotation", "text"},
	"/zones/areas/position":      {"x", "y"},
}

// unknown reports the members that the format does not have: newer editors
// write more than its schema knows.
func unknown(document []byte, to *findings) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	walk(value, "", "", to)
	return nil
}

func walk(value any, level, pointer string, to *findings) {
	switch v := value.(type) {
	case map[string]any:
		known, described := members[level]
		if !described {
			return
		}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			below := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			if !slices.Contains(known, name) {
				to.add(below, fmt.Sprintf("%s is not kept: the format does not have it", strings.TrimPrefix(level+"/"+shorten(name), "/")))
				continue
			}
			walk(v[name], level+"/"+name, below, to)
		}
	case []any:
		for i, entry := range v {
			walk(entry, level, fmt.Sprintf("%s/%d", pointer, i), to)
		}
	}
}
