-- +goose Up

CREATE TABLE users (
    id             TEXT    NOT NULL PRIMARY KEY,
    email          TEXT    NOT NULL UNIQUE, -- as normalize makes it
    email_verified INTEGER NOT NULL,
    password_hash  TEXT    NOT NULL, -- argon2id, with its parameters and salt
    groups         TEXT    NOT NULL, -- JSON array
    created_at     INTEGER NOT NULL  -- unix ms
);

-- No hash of the request is kept, which would be a fast hash of a password: a
-- repeated sign-up is recognised by the user it made.
CREATE TABLE signup_keys (
    key        TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL -- unix ms
) WITHOUT ROWID;
CREATE INDEX signup_keys_expiry ON signup_keys (expires_at);

CREATE TABLE refresh_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the token
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    auth_time  INTEGER NOT NULL, -- unix ms, when the password was given
    expires_at INTEGER NOT NULL  -- unix ms
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    pkcs8      BLOB    NOT NULL,
    created_at INTEGER NOT NULL -- unix ms
);
