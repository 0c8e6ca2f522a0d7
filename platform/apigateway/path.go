package apigateway

import "strings"

// cutSegment returns path without its first segment, when that is segment.
func cutSegment(path, segment string) string {
	rest, found := strings.CutPrefix(path, "/"+segment)
	switch {
	case segment == "" || !found:
		return path
	case rest == "":
		return "/"
	case rest[0] == '/':
		return rest
	}
	return path
}

// cutBase returns path without what a custom domain's base path put before the
// route, which is a route key or a resource, for instance "ANY /tickets/{proxy+}". The
// gateway has chosen the route without it, so that no client can bring one in.
func cutBase(path, route string) string {
	begin := literal(route)
	if begin == "" {
		return path
	}
	if i := strings.Index(path+"/", begin+"/"); i > 0 {
		return path[i:]
	}
	return path
}

// literal is what all paths of a route begin with; empty when that is nothing.
func literal(route string) string {
	i := strings.IndexByte(route, '/')
	if i < 0 {
		return "" // $default
	}
	begin, _, _ := strings.Cut(route[i:], "{")
	return strings.TrimRight(begin, "/")
}

// escape makes a path of an event one that may stand in a request. REST APIs and
// function URLs pass it on as the client sent it; HTTP APIs decode it, in both
// formats, and there a literal '?' or '#', a space or a lone '%' are a part of it.
// An escape that is valid is left alone, as what sent it cannot be told: so a
// client of an HTTP API that encodes twice is decoded twice.
func escape(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	if !strings.HasPrefix(path, "/") {
		b.WriteByte('/')
	}
	for i := range len(path) {
		c := path[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/-._~!$&'()*+,;=:@", c) >= 0,
			c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2]):
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
