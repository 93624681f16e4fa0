-- What `million.py` runs, in order, in words that both databases share; names in braces are put in by it.
-- `i` is a transaction's number and its id. {pick:A:B}: a number below B that depends on i as if by chance, by prime A;
-- {skew:A:B}: the same, small ones more often.

CREATE TEMPORARY TABLE n_wallet AS SELECT id, family_id, ROW_NUMBER() OVER (PARTITION BY family_id ORDER BY id) - 1
AS slot FROM ledger_wallet WHERE overdraft_limit IS NULL AND type <> 'savings';

CREATE TEMPORARY TABLE n_category AS SELECT id, family_id, kind, ROW_NUMBER() OVER (PARTITION BY family_id, kind
ORDER BY id) - 1 AS slot FROM ledger_category WHERE kind IN ('income', 'expense', 'exchange');

CREATE TEMPORARY TABLE n_payee AS SELECT id, family_id, folded, ROW_NUMBER() OVER (PARTITION BY family_id
ORDER BY id) - 1 AS slot FROM ledger_payee;

CREATE TEMPORARY TABLE n_tag AS SELECT id, family_id, ROW_NUMBER() OVER (PARTITION BY family_id ORDER BY id) - 1
AS slot FROM ledger_tag;

CREATE TEMPORARY TABLE n_member AS SELECT id, family_id, ROW_NUMBER() OVER (PARTITION BY family_id ORDER BY id) - 1
AS slot FROM families_membership WHERE state = 'active';

-- How many there are in each family; of the large one the last payee, tag and member are the rare ones.
CREATE TEMPORARY TABLE n_family AS SELECT f.id, ROW_NUMBER() OVER (ORDER BY f.id) - 1 AS slot,
(SELECT COUNT(*) FROM n_wallet x WHERE x.family_id = f.id) AS wallets,
(SELECT COUNT(*) FROM n_category x WHERE x.family_id = f.id AND x.kind = 'expense') - {few} AS categories,
(SELECT COUNT(*) FROM n_payee x WHERE x.family_id = f.id) - {few} AS payees,
(SELECT COUNT(*) FROM n_tag x WHERE x.family_id = f.id) - {few} AS tags,
(SELECT COUNT(*) FROM n_member x WHERE x.family_id = f.id) - {few} AS members
FROM families_family f WHERE f.name <> 'Next door';

CREATE TEMPORARY TABLE n AS
WITH RECURSIVE numbers(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})
SELECT i, f.id AS family_id, f.wallets, f.payees, f.members, i * {days} / {count} AS day,
{skew:2654435761:f.wallets} AS wallet, {skew:2246822519:f.payees} AS payee, {skew:3266489917:f.members} AS member,
CASE WHEN i % 400 = 1 THEN 'sell' WHEN i % 200 = 1 THEN 'buy' WHEN i % 50000 = 21 THEN 'expense'
WHEN {pick:668265263:100} < 80 THEN 'expense' WHEN {pick:668265263:100} < 92 THEN 'income' ELSE 'transfer' END AS type,
CASE WHEN i % 50000 = 21 THEN 'pending_approval' WHEN {pick:374761393:1000} = 0 THEN 'draft'
WHEN {pick:374761393:1000} < 3 THEN 'cancelled' WHEN {pick:374761393:1000} < 5 THEN 'expired'
WHEN {pick:374761393:1000} < 10 THEN 'reversed' ELSE 'executed' END AS status,
{pick:2654435769:20000} + 1 AS size,
'word' || {pick:1597334677:200} || ' слово' || {pick:2869860233:200} || CASE WHEN i % 10 IN (1, 2, 7) THEN ' shop' ELSE '' END
|| CASE WHEN i % 100 = 51 THEN ' holiday' ELSE '' END || CASE WHEN i % 50000 = 41 THEN ' zebra' ELSE '' END AS words
FROM numbers JOIN n_family f ON f.slot = CASE WHEN i % 5 < 3 THEN 0 ELSE 1 + {pick:3812015801:families} END;

INSERT INTO ledger_transaction (id, family_id, type, status, from_wallet_id, to_wallet_id, amount, currency, to_amount,
base_amount, rate, occurred_on, created_at, executed_at, author_id, channel, description, notes, payee_id, self_approved,
source_ref, search, version, shares_version, pending_since)
SELECT x.i, x.family_id, CASE WHEN x.type IN ('sell', 'buy') THEN 'exchange' ELSE x.type END, x.status,
CASE WHEN x.type = 'sell' THEN {dollars} WHEN x.type = 'income' THEN NULL WHEN x.i % 50000 = 11 THEN {rare}
WHEN x.i % 40 = 0 AND x.day < 365 THEN {old} ELSE x.wallet_id END,
CASE WHEN x.type = 'buy' THEN {dollars} WHEN x.type = 'expense' THEN NULL WHEN x.type = 'transfer' THEN x.other_id
ELSE x.wallet_id END,
CASE WHEN x.type = 'sell' THEN 1000 * x.size WHEN x.type = 'buy' THEN 900 * x.size ELSE 100 * x.size END,
CASE WHEN x.type = 'sell' THEN 'USD' ELSE 'EUR' END,
CASE WHEN x.type = 'sell' THEN 900 * x.size WHEN x.type = 'buy' THEN 1000 * x.size END,
CASE WHEN x.type IN ('sell', 'buy') THEN 900 * x.size ELSE 100 * x.size END,
CASE WHEN x.type = 'sell' THEN 0.9 ELSE 1 END, {day}, {moment},
CASE WHEN x.status IN ('executed', 'reversed') THEN {moment} END, x.author_id, 'api', x.words, '', x.payee_id, false, '',
x.words || COALESCE({newline} || x.folded, ''), 1, 1,
CASE WHEN x.status IN ('pending_approval', 'expired') THEN {moment} END
FROM (SELECT n.*, w.id AS wallet_id, v.id AS other_id, p.id AS payee_id, p.folded, m.id AS author_id FROM n
JOIN n_wallet w ON w.family_id = n.family_id AND w.slot = n.wallet
JOIN n_wallet v ON v.family_id = n.family_id AND v.slot = (n.wallet + 1) % n.wallets
JOIN n_member m ON m.family_id = n.family_id AND m.slot = CASE WHEN i % 50000 = 71 THEN n.members ELSE n.member END
LEFT JOIN n_payee p ON p.family_id = n.family_id AND i % 10 < 7
AND p.slot = CASE WHEN i % 50000 = 31 THEN n.payees ELSE n.payee END) x ORDER BY x.i;

INSERT INTO ledger_transaction (id, family_id, type, status, from_wallet_id, to_wallet_id, amount, currency, to_amount,
base_amount, rate, occurred_on, created_at, executed_at, author_id, channel, description, notes, self_approved,
source_ref, search, version, shares_version, reverses_id)
SELECT {count} + ROW_NUMBER() OVER (ORDER BY t.id), family_id, type, 'executed', from_wallet_id, to_wallet_id, amount,
currency, to_amount, base_amount, rate, occurred_on, created_at, executed_at, author_id, channel, '', '', false, '', '',
1, 1, id FROM ledger_transaction t WHERE status = 'reversed';

CREATE TEMPORARY TABLE h AS SELECT COALESCE(t.reverses_id, t.id) AS i, t.id, t.family_id, t.type, t.from_wallet_id,
t.to_wallet_id, t.currency, COALESCE(w.currency, t.currency) AS to_currency, f.categories,
CASE WHEN t.reverses_id IS NULL THEN 1 ELSE -1 END * t.amount AS amount,
CASE WHEN t.reverses_id IS NULL THEN 1 ELSE -1 END * COALESCE(t.to_amount, t.amount) AS to_amount,
CASE WHEN t.reverses_id IS NULL THEN 1 ELSE -1 END * t.base_amount AS base_amount
FROM ledger_transaction t JOIN n_family f ON f.id = t.family_id LEFT JOIN ledger_wallet w ON w.id = t.to_wallet_id;

INSERT INTO ledger_posting (family_id, transaction_id, wallet_id, category_id, amount, currency, base_amount, note)
SELECT family_id, id, wallet_id, category_id, amount, currency, base_amount, '' FROM (
SELECT id, 0 AS place, family_id, from_wallet_id AS wallet_id, CAST(NULL AS BIGINT) AS category_id, -amount AS amount,
currency, -base_amount AS base_amount FROM h WHERE from_wallet_id IS NOT NULL
UNION ALL
SELECT h.id, 1, h.family_id, COALESCE(h.from_wallet_id, h.to_wallet_id), c.id,
CASE WHEN h.type = 'income' THEN -amount ELSE amount END, h.currency,
CASE WHEN h.type = 'income' THEN -base_amount ELSE base_amount END
FROM h JOIN n_category c ON c.family_id = h.family_id AND c.kind = h.type AND c.slot =
CASE h.type WHEN 'expense' THEN CASE WHEN h.i % 50000 = 81 THEN h.categories ELSE {skew:1103515245:h.categories} END
WHEN 'income' THEN {pick:1103515245:5} ELSE 0 END
UNION ALL
SELECT h.id, 2, h.family_id, h.to_wallet_id, c.id, -h.to_amount, h.to_currency, -h.base_amount
FROM h JOIN n_category c ON c.family_id = h.family_id AND c.kind = h.type WHERE h.type = 'exchange'
UNION ALL
SELECT id, 3, family_id, to_wallet_id, NULL, to_amount, to_currency, base_amount FROM h WHERE to_wallet_id IS NOT NULL
) p ORDER BY id, place;

INSERT INTO ledger_postingshare (family_id, posting_id, member_id, weight, amount, base_amount, version)
SELECT s.family_id, s.id, s.member_id, 10000, s.amount, s.base_amount, 1 FROM (
SELECT p.family_id, p.id, t.author_id AS member_id, p.amount - {half} AS amount, p.base_amount - {half} AS base_amount
FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id WHERE p.category_id IS NOT NULL
UNION ALL
SELECT p.family_id, p.id, {reader}, {half}, {half} FROM ledger_posting p JOIN ledger_transaction t
ON t.id = p.transaction_id WHERE p.category_id IS NOT NULL AND t.id % 20 = 0 AND t.reverses_id IS NULL
) s ORDER BY s.id;

INSERT INTO ledger_transaction_tags (transaction_id, tag_id)
SELECT t.id, g.id FROM (
SELECT i, family_id, CASE WHEN i % 50000 = 61 THEN tags ELSE {skew:1664525001:tags} END AS tag
FROM (SELECT t.id AS i, t.family_id, f.tags FROM ledger_transaction t JOIN n_family f ON f.id = t.family_id
WHERE t.id <= {count} AND (t.id % 2 = 0 OR t.id % 50000 = 61)) x) t0
JOIN ledger_transaction t ON t.id = t0.i JOIN n_tag g ON g.family_id = t0.family_id AND g.slot = t0.tag ORDER BY t.id;

UPDATE ledger_wallet SET balance = s.booked, last_posting_id = s.last FROM (
SELECT p.wallet_id, SUM(p.amount) AS booked, MAX(p.id) AS last FROM ledger_posting p
JOIN ledger_transaction t ON t.id = p.transaction_id AND t.status IN ('executed', 'reversed')
WHERE p.category_id IS NULL GROUP BY p.wallet_id) s WHERE s.wallet_id = ledger_wallet.id;

UPDATE ledger_wallet SET held = s.held FROM (
SELECT p.wallet_id, -SUM(p.amount) AS held FROM ledger_posting p
JOIN ledger_transaction t ON t.id = p.transaction_id AND t.status = 'pending_approval'
WHERE p.category_id IS NULL AND p.amount < 0 GROUP BY p.wallet_id) s WHERE s.wallet_id = ledger_wallet.id;

INSERT INTO ledger_monthtotal (family_id, month, wallet_id, category_id, member_id, currency, amount, base_amount)
SELECT p.family_id, {month}, p.wallet_id, p.category_id, s.member_id, p.currency, SUM(s.amount), SUM(s.base_amount)
FROM ledger_postingshare s JOIN ledger_posting p ON p.id = s.posting_id
JOIN ledger_transaction t ON t.id = p.transaction_id AND t.status IN ('executed', 'reversed')
GROUP BY p.family_id, {month}, p.wallet_id, p.category_id, s.member_id, p.currency;

INSERT INTO ledger_walletmonth (family_id, wallet_id, month, amount, base_amount)
SELECT p.family_id, p.wallet_id, {month}, SUM(p.amount), SUM(p.base_amount)
FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id AND t.status IN ('executed', 'reversed')
WHERE p.category_id IS NULL GROUP BY p.family_id, p.wallet_id, {month};

INSERT INTO audit_eventlog (position, name, family_id, entity_type, entity_id, changes, private_digest, request_id,
client, channel, created_at)
SELECT {events} + 2 * t.id + e.place - 1, CASE e.place WHEN 0 THEN 'transaction.created' ELSE 'transaction.executed' END,
t.family_id, 'transaction', t.id, CAST(CASE e.place WHEN 0 THEN
'{"type": [null, "' || t.type || '"], "amount": [null, "' || t.amount / 10000 || '.' || SUBSTR('' || (10000 + t.amount % 10000), 2)
|| '"], "currency": [null, "' || t.currency || '"], "occurred_on": [null, "' || t.occurred_on || '"]'
|| COALESCE(', "from_wallet_id": [null, ' || t.from_wallet_id || ']', '')
|| COALESCE(', "to_wallet_id": [null, ' || t.to_wallet_id || ']', '')
|| COALESCE(', "to_amount": [null, "' || t.to_amount / 10000 || '.' || SUBSTR('' || (10000 + t.to_amount % 10000), 2) || '"]', '')
|| '}' ELSE '{"status": ["draft", "executed"]}' END AS {json}), '', '', '', 'api', t.created_at
FROM ledger_transaction t JOIN (SELECT 0 AS place UNION ALL SELECT 1) e ON e.place = 0 OR t.status IN ('executed', 'reversed')
WHERE t.id <= {count} ORDER BY t.id, e.place
