-- The least that double entry needs, to see what PostgreSQL alone can do: 1000 books of 10 wallets, nothing checked.

CREATE TABLE raw_wallet (id BIGINT PRIMARY KEY, book BIGINT NOT NULL, balance BIGINT NOT NULL DEFAULT 0)
WITH (fillfactor = 70);
CREATE TABLE raw_entry (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, book BIGINT NOT NULL, day DATE NOT NULL,
amount BIGINT NOT NULL, description TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE raw_posting (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
entry BIGINT NOT NULL REFERENCES raw_entry, wallet BIGINT NOT NULL REFERENCES raw_wallet, amount BIGINT NOT NULL);
CREATE TABLE raw_event (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry BIGINT NOT NULL REFERENCES raw_entry,
name TEXT NOT NULL, changes JSONB NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE INDEX ON raw_entry (book, day DESC, id DESC);
CREATE INDEX ON raw_posting (entry);
CREATE INDEX ON raw_posting (wallet, id);
CREATE INDEX ON raw_event (entry);
INSERT INTO raw_wallet (id, book) SELECT n, (n - 1) / 10 FROM generate_series(1, 10000) n;
