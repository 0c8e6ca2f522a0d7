package rest

import (
	"context"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/page"
)

// ListPages implements infoapi.Handler.
func (h *handler) ListPages(ctx context.Context, params infoapi.ListPagesParams) (infoapi.ListPagesRes, error) {
	after, err := decodeCursor[page.Key](params.Cursor)
	if err != nil {
		return nil, err
	}
	pages, last, err := h.info.Pages(ctx, after, params.Limit.Or(defaultLimit))
	if err != nil {
		return nil, err
	}
	list := &infoapi.PageList{Items: make([]infoapi.PageSummary, len(pages)), NextCursor: encodeCursor(last)}
	for i, p := range pages {
		list.Items[i] = infoapi.PageSummary{Slug: p.Key().Slug, Language: p.Key().Language, Title: p.Content().Title, Version: p.Version()}
	}
	return list, nil
}

// CreatePage implements infoapi.Handler.
func (h *handler) CreatePage(ctx context.Context, req *infoapi.PageCreation, _ infoapi.CreatePageParams) (infoapi.CreatePageRes, error) {
	key, err := page.NewKey(req.Slug, req.Language)
	if err != nil {
		return nil, err
	}
	p, err := h.info.CreatePage(ctx, key, page.Content{Title: req.Title, Markdown: req.Markdown}, idempotency.ResourceID(ctx))
	if err != nil {
		return nil, err
	}
	return pageAnswer(p), nil
}

// GetPage implements infoapi.Handler.
func (h *handler) GetPage(ctx context.Context, params infoapi.GetPageParams) (infoapi.GetPageRes, error) {
	wanted := page.ParseAcceptLanguage(params.AcceptLanguage.Or(""))
	if text, given := params.Lang.Get(); given {
		language, ok := page.ParseLanguage(text)
		if !ok {
			return nil, invalidLanguage
		}
		wanted = []string{language}
	}
	p, err := h.info.Page(ctx, params.Slug, wanted)
	if err != nil {
		return nil, err
	}
	return &infoapi.PageFoundHeaders{ContentLanguage: p.Key().Language, Response: *pageAnswer(p)}, nil
}

// PutPage implements infoapi.Handler.
func (h *handler) PutPage(ctx context.Context, req *infoapi.PageInput, params infoapi.PutPageParams) (infoapi.PutPageRes, error) {
	expected, err := expectedVersion(params.IfMatch)
	if err != nil {
		return nil, err
	}
	key, err := page.NewKey(params.Slug, req.Language)
	if err != nil {
		return nil, err
	}
	p, created, err := h.info.PutPage(ctx, key, expected, page.Content{Title: req.Title, Markdown: req.Markdown})
	if err != nil {
		return nil, err
	}
	if created {
		return (*infoapi.PutPageCreated)(pageAnswer(p)), nil
	}
	return (*infoapi.PutPageOK)(pageAnswer(p)), nil
}

// DeletePage implements infoapi.Handler.
func (h *handler) DeletePage(ctx context.Context, params infoapi.DeletePageParams) (infoapi.DeletePageRes, error) {
	expected, err := expectedVersion(params.IfMatch)
	if err != nil {
		return nil, err
	}
	text, one := params.Lang.Get()
	if !one {
		if expected != app.AnyVersion {
			return nil, problem.InvalidRequest(problem.Field{Field: "If-Match", Message: "needs a lang, since each language has versions of its own"})
		}
		if err := h.info.DeletePages(ctx, params.Slug); err != nil {
			return nil, err
		}
		return &infoapi.DeletePageNoContent{}, nil
	}
	language, ok := page.ParseLanguage(text)
	if !ok {
		return nil, invalidLanguage
	}
	if err := h.info.DeletePage(ctx, page.Key{Slug: params.Slug, Language: language}, expected); err != nil {
		return nil, err
	}
	return &infoapi.DeletePageNoContent{}, nil
}

var invalidLanguage = problem.InvalidRequest(problem.Field{Field: "lang", Message: "must be a BCP 47 language tag"})

func pageAnswer(p app.RenderedPage) *infoapi.Page {
	return &infoapi.Page{
		Slug:     p.Key().Slug,
		Language: p.Key().Language,
		Title:    p.Content().Title,
		Markdown: p.Content().Markdown,
		HTML:     p.HTML,
		Version:  p.Version(),
	}
}
