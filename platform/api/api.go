// Package api is the HTTP edge that every service shares, around servers that
// ogen generates: Wrap for what happens before and after a handler, and the
// error handlers that turn a refused request into a problem. It knows no route
// and no business rule, and it shows a client nothing of the inside.
package api

import (
	"context"
	"net/http"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/problem"
)

// NotFound answers 404. It is for <service>api.WithNotFound.
func NotFound(w http.ResponseWriter, r *http.Request) {
	problem.Write(w, r, problem.NotFound(""))
}

// MethodNotAllowed answers 405, and OPTIONS with what is allowed. It is for
// <service>api.WithMethodNotAllowed.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	problem.Write(w, r, problem.MethodNotAllowed(allowed))
}

// RequireCaller returns the signed-in caller, or the problem `unauthenticated`.
func RequireCaller(ctx context.Context) (auth.Caller, error) {
	c, ok := auth.CallerFrom(ctx)
	if !ok {
		return auth.Caller{}, problem.Unauthenticated()
	}
	return c, nil
}

// RequireGroup returns the signed-in caller if it belongs to one of the groups;
// else the problem `unauthenticated` or `forbidden`.
func RequireGroup(ctx context.Context, groups ...string) (auth.Caller, error) {
	c, err := RequireCaller(ctx)
	if err != nil {
		return auth.Caller{}, err
	}
	for _, group := range groups {
		if c.In(group) {
			return c, nil
		}
	}
	return auth.Caller{}, problem.Forbidden("")
}

// Bearer is the whole of a generated SecurityHandler's HandleBearer: Wrap has
// verified the token, so the caller is in ctx or there is none.
func Bearer(ctx context.Context) (context.Context, error) {
	if _, err := RequireCaller(ctx); err != nil {
		return nil, err
	}
	return ctx, nil
}
