package itemcodec

import "encoding/binary"

// Numbers reads the numbers that a binary document begins with.
type Numbers struct {
	Rest   []byte // what follows
	Failed bool   // the document was shorter than that
}

// Uvarint reads a number of as many bytes as it needs.
func (n *Numbers) Uvarint() uint64 {
	v, size := binary.Uvarint(n.Rest)
	if size <= 0 {
		n.Failed = true
		return 0
	}
	n.Rest = n.Rest[size:]
	return v
}

// Uint64 reads a number of eight bytes, big-endian.
func (n *Numbers) Uint64() uint64 {
	if len(n.Rest) < 8 {
		n.Failed = true
		return 0
	}
	v := binary.BigEndian.Uint64(n.Rest)
	n.Rest = n.Rest[8:]
	return v
}
