// Package contracts is what the services share, and nothing else: the JSON
// Schemas of their events, the OpenAPI documents of their APIs, and what
// consumers rely on. The folders beside it hold the Go code that is generated
// from them.
package contracts

import "embed"

// Files holds asyncapi.yaml, events/**/*.json, api/*.yaml and expectations/*.yaml.
//
//go:embed events api asyncapi.yaml expectations/*.yaml
var Files embed.FS
