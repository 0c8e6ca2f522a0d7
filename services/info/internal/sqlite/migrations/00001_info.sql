-- +goose Up
CREATE TABLE venue (
    id        BLOB    NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    city      TEXT    NOT NULL,
    country   TEXT    NOT NULL,
    time_zone TEXT    NOT NULL,
    capacity  INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    deleted   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX venue_by_name ON venue (name, id) WHERE deleted = 0;

CREATE TABLE artist (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    links       TEXT    NOT NULL, -- JSON: [{"label", "url"}]
    version     INTEGER NOT NULL,
    deleted     INTEGER NOT NULL
) STRICT;
CREATE INDEX artist_by_name ON artist (name, id) WHERE deleted = 0;

CREATE TABLE page (
    slug     TEXT    NOT NULL,
    language TEXT    NOT NULL,
    title    TEXT    NOT NULL,
    markdown TEXT    NOT NULL,
    creation BLOB    NOT NULL,
    version  INTEGER NOT NULL,
    deleted  INTEGER NOT NULL,
    PRIMARY KEY (slug, language)
) STRICT;

-- What can be found. The index beside it holds words only and follows by triggers.
CREATE TABLE document (
    docid    INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,
    language TEXT NOT NULL,
    title    TEXT NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (kind, ref, language)
) STRICT;

CREATE VIRTUAL TABLE document_words USING fts5 (
    title, body,
    content = 'document', content_rowid = 'docid',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);

-- +goose StatementBegin
CREATE TRIGGER document_inserted AFTER INSERT ON document BEGIN
    INSERT INTO document_words (rowid, title, body) VALUES (new.docid, new.title, new.body);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_deleted AFTER DELETE ON document BEGIN
    INSERT INTO document_words (document_words, rowid, title, body) VALUES ('delete', old.docid, old.title, old.body);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_updated AFTER UPDATE ON document BEGIN
    INSERT INTO document_words (document_words, rowid, title, body) VALUES ('delete', old.docid, old.title, old.body);
    INSERT INTO document_words (rowid, title, body) VALUES (new.docid, new.title, new.body);
END;
-- +goose StatementEnd
