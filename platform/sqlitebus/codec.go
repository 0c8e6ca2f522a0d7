package sqlitebus

import (
	"encoding/json"
	"strconv"

	"ticketmesh.dev/platform/id"
)

// packID stores a UUID as a blob of 16 bytes and any other id as text, which
// SQLite tells apart also when the text is as long.
func packID(s string) any {
	if v, err := id.Parse(s); err == nil && v.String() == s {
		return v[:]
	}
	return s
}

func unpackID(v any) string {
	switch v := v.(type) {
	case []byte:
		if len(v) == len(id.Nil) {
			return id.ID(v).String()
		}
	case string:
		return v
	}
	return ""
}

// encodeMetadata encodes what json.Marshal would, short of the order of keys,
// and much faster for the plain strings that metadata are.
func encodeMetadata(md map[string]string) (string, error) {
	buf := make([]byte, 0, 384)
	buf = append(buf, '{')
	for k, v := range md {
		if len(buf) > 1 {
			buf = append(buf, ',')
		}
		for i, s := range [2]string{k, v} {
			if plain(s) {
				buf = append(buf, '"')
				buf = append(buf, s...)
				buf = append(buf, '"')
			} else {
				b, err := json.Marshal(s)
				if err != nil {
					return "", err
				}
				buf = append(buf, b...)
			}
			if i == 0 {
				buf = append(buf, ':')
			}
		}
	}
	return string(append(buf, '}')), nil
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func decodeMetadata(s string) (map[string]string, error) {
	var md map[string]string
	err := json.Unmarshal([]byte(s), &md)
	return md, err
}

// seqList encodes sequence numbers for SQLite's json_each.
func seqList(seqs []int64) string {
	buf := make([]byte, 0, 12*len(seqs)+2)
	buf = append(buf, '[')
	for i, s := range seqs {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = strconv.AppendInt(buf, s, 10)
	}
	return string(append(buf, ']'))
}
