-- +goose Up
CREATE TABLE mails (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL UNIQUE,
    recipient   TEXT    NOT NULL, -- as written to
    mailbox     TEXT    NOT NULL, -- the same in lower case
    subject     TEXT    NOT NULL,
    sent_at     INTEGER NOT NULL, -- milliseconds since 1970
    text        TEXT    NOT NULL,
    html        TEXT    NOT NULL,
    unsubscribe TEXT    NOT NULL
);
CREATE INDEX mails_by_mailbox ON mails (mailbox, seq);
CREATE TABLE attachments (
    mail_id      BLOB    NOT NULL,
    position     INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    size         INTEGER NOT NULL,
    data         BLOB    NOT NULL,
    PRIMARY KEY (mail_id, position)
);

-- +goose Down
DROP TABLE attachments;
DROP TABLE mails;
