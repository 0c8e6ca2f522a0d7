package rest

import (
	"context"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/asset"
)

const (
	// A file may be replaced for as long as its upload may be repeated.
	assetCaching = "public, max-age=300"
	// Where a file is changes with every answer.
	linkCaching = "no-store"
	// Opened by itself, a file may neither run nor load anything.
	assetPolicy = "default-src 'none'; sandbox"
)

// CreateAsset implements infoapi.Handler.
func (h *handler) CreateAsset(ctx context.Context, req *infoapi.AssetInput, _ infoapi.CreateAssetParams) (infoapi.CreateAssetRes, error) {
	upload, err := h.info.PrepareAsset(ctx, idempotency.ResourceID(ctx), asset.File{
		Name:        req.Name,
		ContentType: string(req.ContentType),
		Size:        req.Size,
	})
	if err != nil {
		return nil, err
	}
	return &infoapi.Upload{
		Key:       string(upload.Key),
		UploadUrl: upload.URL,
		Method:    infoapi.UploadMethod(upload.Method),
		Headers:   upload.Headers,
		ExpiresAt: upload.ExpiresAt,
	}, nil
}

// GetAsset implements infoapi.Handler.
func (h *handler) GetAsset(ctx context.Context, params infoapi.GetAssetParams) (infoapi.GetAssetRes, error) {
	key, blob, err := h.info.Asset(ctx, params.Key)
	if err != nil {
		return nil, err
	}
	tag := `"` + blob.Tag + `"`
	if api.MatchesETag(params.IfNoneMatch.Or(""), tag) {
		blob.Close()
		return &infoapi.AssetUnchanged{CacheControl: assetCaching, ETag: tag}, nil
	}
	if blob.URL != "" {
		blob.Close()
		return &infoapi.AssetElsewhere{CacheControl: linkCaching, Location: blob.URL}, nil
	}
	return &infoapi.AssetFoundHeaders{
		CacheControl:          assetCaching,
		ContentSecurityPolicy: assetPolicy,
		ContentType:           key.ContentType(),
		ETag:                  tag,
		// The generated server closes it.
		Response: infoapi.AssetFound{Data: blob},
	}, nil
}

// UploadAsset implements infoapi.Handler. Where files are taken here, New has
// them go past it; elsewhere there is no such thing.
func (h *handler) UploadAsset(context.Context, *infoapi.UploadAssetReqWithContentType, infoapi.UploadAssetParams) (infoapi.UploadAssetRes, error) {
	return nil, app.ErrNotFound
}
