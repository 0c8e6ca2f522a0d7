// Package contracts is what the services share, and nothing else: the JSON
// Schemas of their events and the OpenAPI documents of their APIs. The folders
// beside it hold the Go code that is generated from them.
package contracts

import "embed"

// Files holds asyncapi.yaml, events/**/*.json and api/*.yaml.
//
//go:embed events api asyncapi.yaml
var Files embed.FS
