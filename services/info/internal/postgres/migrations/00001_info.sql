-- +goose Up

-- What lists and searches sort by has the collation "C": the order of bytes, which every
-- store has.
CREATE TABLE venue (
    id        uuid             PRIMARY KEY,
    name      text COLLATE "C" NOT NULL,
    address   text             NOT NULL,
    city      text             NOT NULL,
    country   text             NOT NULL,
    time_zone text             NOT NULL,
    capacity  integer          NOT NULL,
    version   integer          NOT NULL,
    deleted   boolean          NOT NULL
);
CREATE INDEX venue_by_name ON venue (name, id) WHERE NOT deleted;

CREATE TABLE artist (
    id          uuid             PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    description text             NOT NULL,
    links       json             NOT NULL, -- [{"label", "url"}]
    version     integer          NOT NULL,
    deleted     boolean          NOT NULL
);
CREATE INDEX artist_by_name ON artist (name, id) WHERE NOT deleted;

CREATE TABLE page (
    slug     text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    title    text             NOT NULL,
    markdown text             NOT NULL,
    creation uuid             NOT NULL,
    version  integer          NOT NULL,
    deleted  boolean          NOT NULL,
    PRIMARY KEY (slug, language)
);

-- What can be found. The words are cut out before they come here, not by a parser and a
-- dictionary of PostgreSQL, so that every store finds the same.
CREATE TABLE document (
    kind        text COLLATE "C" NOT NULL,
    ref         text COLLATE "C" NOT NULL,
    language    text COLLATE "C" NOT NULL,
    title       text COLLATE "C" NOT NULL,
    body        text             NOT NULL,
    title_words tsvector         NOT NULL,
    words       tsvector         NOT NULL, -- of title and body
    PRIMARY KEY (kind, ref, language)
);
CREATE INDEX document_by_words ON document USING gin (words);
