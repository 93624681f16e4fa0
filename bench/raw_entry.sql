\set book random(0, 999)
\set source :book * 10 + random(1, 5)
\set target :book * 10 + random(6, 10)
\set amount random(1, 100000)
BEGIN;
SELECT id, balance FROM raw_wallet WHERE id IN (:source, :target) ORDER BY id FOR NO KEY UPDATE;
INSERT INTO raw_entry (book, day, amount, description) VALUES (:book, '2026-01-15', :amount, 'groceries') RETURNING id AS entry \gset
INSERT INTO raw_posting (entry, wallet, amount) VALUES (:entry, :source, -(:amount::BIGINT)), (:entry, :target, :amount::BIGINT);
UPDATE raw_wallet SET balance = balance - :amount::BIGINT WHERE id = :source;
UPDATE raw_wallet SET balance = balance + :amount::BIGINT WHERE id = :target;
INSERT INTO raw_event (entry, name, changes) VALUES (:entry, 'transaction.created', jsonb_build_object('amount', :amount::BIGINT));
COMMIT;
