// Package fixtureapi is a generated server for the tests of platform/api. It
// has one of everything that a contract may hold, and nothing links it.
package fixtureapi

// The generator is pinned in tools/pinned, a module outside the workspace.
//go:generate sh -c "GOWORK=off go -C ../../../../tools/pinned tool ogen --config $PWD/ogen.yaml --target $PWD --package fixtureapi --clean $PWD/openapi.yaml"
