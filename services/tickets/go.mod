module ticketmesh.dev/services/tickets

go 1.26.0

require (
	ticketmesh.dev/contracts v0.0.0
	ticketmesh.dev/platform v0.0.0
)

require (
	github.com/go-faster/errors v0.8.0 // indirect
	github.com/go-faster/jx v1.2.0 // indirect
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	golang.org/x/sys v0.49.0 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace (
	ticketmesh.dev/contracts => ../../contracts
	ticketmesh.dev/platform => ../../platform
)
