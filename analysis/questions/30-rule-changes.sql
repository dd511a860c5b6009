-- 30: Which rule change would hit whom
-- asks: Simulate a policy (no issuemail falls back to issue, climbing stops at the public suffix, no failure is permission) and report gained and lost authorisations per CA.
-- who: policy groups, CAs
--
-- Each what-if is one change to the rules in force on 2026-11-21 (profiles w-* of caascan, which caascan check takes as well), decided on the stored evidence by the same code. An
-- authorisation is a name for which a CA may issue certificates of a kind. Any other CA is one that no record names. For an owner all its identifiers count. caareport impact
-- answers the same for rules of your own (--profiles), with the names.

-- table rule-changes: Any CA that is not named
--
-- Lost: permitted before, forbidden after; gained: the reverse. Now forbidden, now permitted: the rule in force leaves it open. Now open: the what-if does.
SELECT what_if, note, kind, permitted_before, permitted_after, lost, gained, now_forbidden, now_permitted, now_open
FROM what_ifs WHERE owner = '(any other CA)' AND NOT named ORDER BY what_if, kind;

-- table rule-changes-by-ca: By CA
-- figure: bars label=owner+kind+what_if value=lost zeros=no
--
-- CAs that some record names and that a change would hit otherwise than any other CA.
WITH others AS (SELECT * FROM what_ifs WHERE owner = '(any other CA)' AND NOT named), apart AS (
    SELECT w.*, row_number() OVER (ORDER BY w.lost + w.gained + w.now_forbidden + w.now_permitted DESC, w.owner, w.what_if, w.kind) AS place
    FROM what_ifs w JOIN others o USING (what_if, kind)
    WHERE w.named AND (w.lost, w.gained, w.now_forbidden, w.now_permitted, w.now_open) <> (o.lost, o.gained, o.now_forbidden, o.now_permitted, o.now_open)
)
SELECT what_if, kind, owner, permitted_before, permitted_after, lost, gained, now_forbidden, now_permitted, now_open
FROM apart WHERE place <= 1000 ORDER BY place;
