-- 2: Who has CAA at all
-- asks: What share of all, responsive and e-mail-capable domains has any CAA: at the name itself, after climbing, only by way of an alias?
-- who: researchers, policy groups
--
-- A name is covered if RFC 8659 section 3 finds a set for it: at the name, at an ancestor, or at the end of an alias. Only what stands at
-- the name itself is its own choice. The denominator is the names of which it is known; those whose look-up failed stand beside it.

-- table any-caa: By who is counted
--
-- Responsive: the name exists. E-mail-capable: mail to the name has somewhere to go (RFC 5321 section 5.1).
WITH counted AS (
    SELECT names.*, counted FROM names, (VALUES ('all names'), ('registrable domains'), ('responsive'), ('e-mail-capable')) AS c(counted)
    WHERE CASE counted WHEN 'registrable domains' THEN is_registrable WHEN 'responsive' THEN exists = 'exists'
        WHEN 'e-mail-capable' THEN email_capable ELSE true END
)
SELECT counted,
    count(*) FILTER (covered) AS n,
    count(*) FILTER (answered) AS of,
    count(*) FILTER (own) AS at_the_name,
    count(*) FILTER (covered AND caa_depth > 0) AS inherited,
    count(*) FILTER (covered AND caa_via_alias IS NOT NULL) AS by_alias,
    count(*) FILTER (NOT answered) AS unknown
FROM counted GROUP BY counted ORDER BY of DESC, counted;

-- table caa-by-bucket: By rank
-- needs: rank_bucket (a ranked list)
-- figure: bars label=rank_bucket value=share
SELECT rank_bucket, count(*) FILTER (covered) AS n, count(*) FILTER (answered) AS of, count(*) FILTER (NOT answered) AS unknown
FROM names WHERE rank_bucket IS NOT NULL GROUP BY rank_bucket ORDER BY min(rank);
