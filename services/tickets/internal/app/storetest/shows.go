package storetest

import (
	"errors"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/performance"
)

func shows(f *fixture) {
	want := performance.Show{ID: id.New(), Version: 3, Title: "Les Misérables 歌舞伎"}
	if _, err := f.store().Show(f.Context(), want.ID); !errors.Is(err, performance.ErrShowNotFound) {
		f.Errorf("Show() = %v, want ErrShowNotFound", err)
	}
	for _, title := range []string{want.Title, "Another"} {
		want.Version, want.Title = want.Version+1, title
		f.update(func(tx app.Tx) error { return tx.PutShow(want) })
		got, err := f.store().Show(f.Context(), want.ID)
		f.ok(err)
		f.same("show", got, want)
		f.update(func(tx app.Tx) error {
			got, err := tx.Show(want.ID)
			f.same("show in an update", got, want)
			return err
		})
	}
}
