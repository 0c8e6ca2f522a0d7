package app

import (
	"context"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/asset"
)

// PrepareAsset returns the request that uploads a file. Bad files are a
// *violation.Error. The same id and file give the same key again.
func (i *Info) PrepareAsset(ctx context.Context, assetID id.ID, f asset.File) (Upload, error) {
	key, err := asset.NewKey(assetID, f)
	if err != nil {
		return Upload{}, err
	}
	return i.blobs.PrepareUpload(ctx, key, f.Size, i.clock.Now().Add(asset.UploadLifetime))
}

// Asset returns a file, to be closed by the caller, or ErrNotFound.
func (i *Info) Asset(ctx context.Context, key string) (asset.Key, Blob, error) {
	parsed, ok := asset.ParseKey(key)
	if !ok {
		return "", Blob{}, ErrNotFound
	}
	blob, err := i.blobs.Open(ctx, parsed)
	return parsed, blob, err
}
