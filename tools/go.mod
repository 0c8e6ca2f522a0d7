module ticketmesh.dev/tools

go 1.26.0

require (
	github.com/ThreeDotsLabs/watermill v1.5.1
	github.com/alexedwards/argon2id v1.0.0
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/go-jose/go-jose/v4 v4.1.9
	github.com/spf13/cobra v1.10.2
	gopkg.in/yaml.v3 v3.0.1
	ticketmesh.dev/contracts v0.0.0
	ticketmesh.dev/platform v0.0.0
	ticketmesh.dev/services/info v0.0.0
	ticketmesh.dev/services/notifications v0.0.0
	ticketmesh.dev/services/shows v0.0.0
	ticketmesh.dev/services/tickets v0.0.0
)

require golang.org/x/sync v0.24.0 // indirect

replace (
	ticketmesh.dev/contracts => ../contracts
	ticketmesh.dev/platform => ../platform
	ticketmesh.dev/services/info => ../services/info
	ticketmesh.dev/services/notifications => ../services/notifications
	ticketmesh.dev/services/shows => ../services/shows
	ticketmesh.dev/services/tickets => ../services/tickets
)
