-- +goose Up

-- The index holds the words as words() cuts them out, so that every store finds the
-- same, and no text. To the tokenizer ascii all that is no ASCII sign belongs to a word.
DROP TRIGGER document_inserted;
DROP TRIGGER document_deleted;
DROP TRIGGER document_updated;
DROP TABLE document_words;

CREATE VIRTUAL TABLE document_words USING fts5 (
    title, body,
    content = '', contentless_delete = 1,
    tokenize = 'ascii',
    prefix = '2 3'
);
INSERT INTO document_words (rowid, title, body) SELECT docid, words(title), words(body) FROM document;

-- +goose StatementBegin
CREATE TRIGGER document_inserted AFTER INSERT ON document BEGIN
    INSERT INTO document_words (rowid, title, body) VALUES (new.docid, words(new.title), words(new.body));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_deleted AFTER DELETE ON document BEGIN
    DELETE FROM document_words WHERE rowid = old.docid;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_updated AFTER UPDATE ON document BEGIN
    DELETE FROM document_words WHERE rowid = old.docid;
    INSERT INTO document_words (rowid, title, body) VALUES (new.docid, words(new.title), words(new.body));
END;
-- +goose StatementEnd
