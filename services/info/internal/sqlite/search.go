package sqlite

import (
	"context"
	"strings"

	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info/internal/search"
)

// index makes searches find the document, or no more.
func (t transaction) index(deleted bool, d search.Document) error {
	if deleted {
		_, err := t.tx.Exec(`DELETE FROM document WHERE kind = ? AND ref = ? AND language = ?`, string(d.Kind), d.Ref, d.Language)
		return err
	}
	// Not INSERT OR REPLACE: its deletes fire no triggers.
	_, err := t.tx.Exec(`INSERT INTO document (kind, ref, language, title, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, ref, language) DO UPDATE SET title = excluded.title, body = excluded.body`,
		string(d.Kind), d.Ref, d.Language, d.Title, d.Body)
	return err
}

const searchQuery = `
WITH found AS MATERIALIZED (
	SELECT d.docid, d.docid NOT IN (SELECT rowid FROM document_words WHERE document_words MATCH ?1) AS body,
		d.title, d.kind, d.ref, d.language
	FROM document_words w JOIN document d ON d.docid = w.rowid
	WHERE document_words MATCH ?2 AND (?3 = '' OR d.kind = ?3)
), results AS MATERIALIZED (
	SELECT * FROM found
	WHERE ?4 = 0 OR (body, title, kind, ref, language) > (?5, ?6, ?7, ?8, ?9)
	ORDER BY body, title, kind, ref, language LIMIT ?10
)
SELECT r.body, r.title, r.kind, r.ref, r.language, d.body
FROM results r JOIN document d ON d.docid = r.docid
ORDER BY r.body, r.title, r.kind, r.ref, r.language`

// Search implements app.Store.
func (s *Store) Search(ctx context.Context, q search.Query) (results []search.Result, err error) {
	all := expression(q.Terms)
	var after search.Place
	if q.After != nil {
		after = *q.After
	}
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		results, err = collect(tx, scanResult(q.Terms), searchQuery,
			"title : ("+all+")", all, string(q.Kind),
			q.After != nil, after.Body, after.Title, string(after.Kind), after.Ref, after.Language, q.Limit)
		return err
	})
	return results, err
}

func scanResult(terms []string) func(scanner) (search.Result, error) {
	return func(row scanner) (search.Result, error) {
		var r search.Result
		var text string
		err := row.Scan(&r.Body, &r.Title, &r.Kind, &r.Ref, &r.Language, &text)
		r.Snippet = search.Snippet(text, terms)
		return r, err
	}
}

// breakers are what would end a quoted term before its end.
var breakers = strings.NewReplacer(`"`, " ", "\x00", " ")

// expression asks FTS5 for all terms. Each is quoted, where nothing is an
// operator.
func expression(terms []string) string {
	quoted := make([]string, len(terms))
	for i, term := range terms {
		quoted[i] = `"` + breakers.Replace(term) + `"*`
	}
	return strings.Join(quoted, " AND ")
}
