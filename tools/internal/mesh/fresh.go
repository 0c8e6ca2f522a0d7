package mesh

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// freshTimeout is how long a connection gets for its first byte once the mesh
// drains.
const freshTimeout = time.Second

// fresh knows the connections that nothing was ever sent on. Clients open them
// in advance, and http.Server.Shutdown waits five seconds for the first byte:
// all the time that there is to drain.
type fresh struct {
	mu          sync.Mutex
	connections map[net.Conn]struct{}
}

// watch is a http.Server's ConnState.
func (f *fresh) watch(connection net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state != http.StateNew {
		delete(f.connections, connection)
		return
	}
	if f.connections == nil {
		f.connections = map[net.Conn]struct{}{}
	}
	f.connections[connection] = struct{}{}
}

// close closes those that are still fresh. Nobody waits for an answer on them.
func (f *fresh) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for connection := range f.connections {
		_ = connection.Close() // the server notices and forgets it
	}
}
