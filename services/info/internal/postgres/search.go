package postgres

import (
	"context"
	"strings"

	"ticketmesh.dev/platform/words"
	"ticketmesh.dev/services/info/internal/search"
)

// index makes searches find the document, or no more.
func (t transaction) index(ctx context.Context, deleted bool, d search.Document) error {
	if deleted {
		_, err := t.tx.Exec(ctx, `DELETE FROM document WHERE kind = $1 AND ref = $2 AND language = $3`, string(d.Kind), d.Ref, d.Language)
		return err
	}
	title := words.Of(d.Title)
	all := append(words.Of(d.Body), title...)
	_, err := t.tx.Exec(ctx, `INSERT INTO document (kind, ref, language, title, body, title_words, words)
		VALUES ($1, $2, $3, $4, $5, array_to_tsvector($6::text[]), array_to_tsvector($7::text[]))
		ON CONFLICT (kind, ref, language) DO UPDATE SET title = excluded.title, body = excluded.body,
			title_words = excluded.title_words, words = excluded.words`,
		string(d.Kind), d.Ref, d.Language, d.Title, d.Body, title, all)
	return err
}

const searchQuery = `
SELECT only_body, title, kind, ref, language, body
FROM (
	SELECT NOT title_words @@ $1::tsquery AS only_body, title, kind, ref, language, body
	FROM document
	WHERE words @@ $1::tsquery AND ($2 = '' OR kind = $2)
) AS found
WHERE NOT $3 OR (only_body, title, kind, ref, language) > ($4, $5, $6, $7, $8)
ORDER BY only_body, title, kind, ref, language LIMIT $9`

// Search implements app.Store.
func (s *Store) Search(ctx context.Context, q search.Query) ([]search.Result, error) {
	var after search.Place
	if q.After != nil {
		after = *q.After
	}
	scan := func(row scanner) (search.Result, error) {
		var r search.Result
		var text string
		err := row.Scan(&r.Body, &r.Title, &r.Kind, &r.Ref, &r.Language, &text)
		r.Snippet = search.Snippet(text, q.Terms)
		return r, err
	}
	return list(ctx, s.db, scan, searchQuery, expression(q.Terms), string(q.Kind),
		q.After != nil, after.Body, after.Title, string(after.Kind), after.Ref, after.Language, q.Limit)
}

// quoting is what a term must not have within quotes.
var quoting = strings.NewReplacer(`'`, `''`, `\`, `\\`, "\x00", "")

// expression asks for all terms, each the beginning of a word. They are quoted, where
// nothing is an operator; what leaves nothing to quote is left out.
func expression(terms []string) string {
	var quoted []string
	for _, term := range terms {
		if term = quoting.Replace(term); term != "" {
			quoted = append(quoted, "'"+term+"':*")
		}
	}
	return strings.Join(quoted, " & ")
}
