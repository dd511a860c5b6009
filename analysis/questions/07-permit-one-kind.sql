-- 7: Permitted for TLS, not for S/MIME, and the reverse
-- asks: Which domains permit issuer X for TLS but block it for S/MIME, and the reverse?
-- who: certification authorities
--
-- By the governing set, an issuer is permitted for a kind of certificate if the set has nothing for this kind or names the issuer for it,
-- and not permitted if it names others only, or nobody. Names without any set permit everybody, and a critical property that no authority
-- knows forbids all of both kinds; neither differs between the kinds. Wildcards, parameters and failures are left aside here.
-- The list of names for one certification authority, decided under the rules in force with all these, is made by caareport impact.

-- table mail-against-tls: Whom names permit for the one and for the other
-- figure: bars label=permits value=of_covered_share
--
-- Every covered name is in one row.
SELECT CASE
        WHEN 'blocked' IN (tls_posture, smime_posture) THEN 'nobody for both: blocked'
        WHEN tls_posture = 'open' AND smime_posture = 'open' THEN 'everybody for both'
        WHEN smime_posture = 'open' THEN 'some or nobody for TLS, everybody for S/MIME'
        WHEN tls_posture = 'open' THEN 'everybody for TLS, some or nobody for S/MIME'
        WHEN tls_issuers = [] AND smime_issuers = [] THEN 'nobody for both'
        WHEN tls_issuers = smime_issuers THEN 'the same for both'
        WHEN list_has_all(tls_issuers, smime_issuers) THEN 'more for TLS than for S/MIME'
        WHEN list_has_all(smime_issuers, tls_issuers) THEN 'more for S/MIME than for TLS'
        ELSE 'some for TLS only, others for S/MIME only'
    END AS permits,
    sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_covered_share,
    sum(own_names) AS own_names, sum(email_capable) AS email_capable, any_value(unknown) AS unknown
FROM weighed, everything GROUP BY permits ORDER BY n DESC, permits;

-- table one-kind-by-issuer: By issuer
--
-- n: permitted for TLS and not for S/MIME; in the column by name those that name the issuer for TLS, in which the others leave TLS to
-- everybody. S/MIME only: the reverse. The 1000 issuers named most, and last any whom no set names, such as an authority that is new.
WITH permits AS (
    SELECT CASE tls_posture WHEN 'restricted' THEN tls_issuers ELSE [] END AS tls, tls_posture = 'open' AS tls_open,
        CASE smime_posture WHEN 'restricted' THEN smime_issuers ELSE [] END AS smime, smime_posture = 'open' AS smime_open, names
    FROM weighed WHERE tls_posture <> 'blocked' AND smime_posture <> 'blocked'
), pairs AS (
    SELECT issuer, names, tls_open, smime_open, list_contains(tls, issuer) AS for_tls, list_contains(smime, issuer) AS for_smime
    FROM (SELECT *, unnest(list_distinct(list_concat(tls, smime))) AS issuer FROM permits)
), by_issuer AS (
    SELECT issuer, sum(names) AS naming,
        coalesce(sum(names) FILTER (for_tls AND NOT for_smime AND NOT smime_open), 0) AS tls_only_by_name,
        coalesce(sum(names) FILTER (for_smime AND NOT for_tls AND NOT tls_open), 0) AS smime_only_by_name,
        coalesce(sum(names) FILTER (for_tls AND for_smime), 0) AS named_for_both,
        coalesce(sum(names) FILTER (for_smime AND tls_open), 0) AS smime_by_name_tls_open,
        coalesce(sum(names) FILTER (for_tls AND smime_open), 0) AS tls_by_name_smime_open
    FROM pairs GROUP BY issuer
    UNION ALL SELECT '(whom no set names)', 0, 0, 0, 0, 0, 0
), others AS (
    SELECT coalesce(sum(names) FILTER (tls_open AND NOT smime_open), 0) AS tls_left_open, coalesce(sum(names) FILTER (smime_open AND NOT tls_open), 0) AS smime_left_open
    FROM permits
)
SELECT issuer, nullif(array_to_string(owners, ', '), '') AS owners,
    tls_only_by_name + tls_left_open - smime_by_name_tls_open AS n, answered AS of, tls_only_by_name,
    smime_only_by_name + smime_left_open - tls_by_name_smime_open AS smime_only,
    (smime_only_by_name + smime_left_open - tls_by_name_smime_open) / nullif(answered, 0) AS smime_only_share, smime_only_by_name, named_for_both, unknown
FROM by_issuer LEFT JOIN named_issuers ON issuer = issuer_domain, others, everything
QUALIFY row_number() OVER (ORDER BY naming DESC, issuer) <= 1000 OR naming = 0
ORDER BY naming DESC, issuer;

-- table one-kind-by-owner: By owner
-- needs: tls_ca_owners (a table of issuers)
-- figure: bars label=owner value=smime_only_share
--
-- The same of the owners of certification authorities: permitted is who goes by at least one of the identifiers named.
WITH permits AS (
    SELECT CASE tls_posture WHEN 'restricted' THEN tls_ca_owners ELSE [] END AS tls, tls_posture = 'open' AS tls_open,
        CASE smime_posture WHEN 'restricted' THEN smime_ca_owners ELSE [] END AS smime, smime_posture = 'open' AS smime_open, names
    FROM weighed WHERE tls_posture <> 'blocked' AND smime_posture <> 'blocked'
), pairs AS (
    SELECT owner, names, tls_open, smime_open, list_contains(tls, owner) AS for_tls, list_contains(smime, owner) AS for_smime
    FROM (SELECT *, unnest(list_distinct(list_concat(tls, smime))) AS owner FROM permits)
), by_owner AS (
    SELECT owner, sum(names) AS naming,
        coalesce(sum(names) FILTER (for_tls AND NOT for_smime AND NOT smime_open), 0) AS tls_only_by_name,
        coalesce(sum(names) FILTER (for_smime AND NOT for_tls AND NOT tls_open), 0) AS smime_only_by_name,
        coalesce(sum(names) FILTER (for_tls AND for_smime), 0) AS named_for_both,
        coalesce(sum(names) FILTER (for_smime AND tls_open), 0) AS smime_by_name_tls_open,
        coalesce(sum(names) FILTER (for_tls AND smime_open), 0) AS tls_by_name_smime_open
    FROM pairs GROUP BY owner
    UNION ALL SELECT '(whom no set names)', 0, 0, 0, 0, 0, 0
), others AS (
    SELECT coalesce(sum(names) FILTER (tls_open AND NOT smime_open), 0) AS tls_left_open, coalesce(sum(names) FILTER (smime_open AND NOT tls_open), 0) AS smime_left_open
    FROM permits
)
SELECT owner,
    tls_only_by_name + tls_left_open - smime_by_name_tls_open AS n, answered AS of, tls_only_by_name,
    smime_only_by_name + smime_left_open - tls_by_name_smime_open AS smime_only,
    (smime_only_by_name + smime_left_open - tls_by_name_smime_open) / nullif(answered, 0) AS smime_only_share, smime_only_by_name, named_for_both, unknown
FROM by_owner, others, everything ORDER BY naming DESC, owner;
