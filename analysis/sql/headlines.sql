-- The numbers at the head of a report, in one pass: of each the names that have it, of how many it is known, and of how many not.
WITH counted AS MATERIALIZED (
    SELECT count(*) AS names,
        count(*) FILTER (answered) AS answered,
        count(*) FILTER (covered) AS covered,
        count(*) FILTER (covered AND is_own(caa_depth, caa_via_alias)) AS own,
        count(*) FILTER (email_capable AND answered) AS mail,
        count(*) FILTER (email_capable AND NOT answered) AS mail_unknown,
        count(*) FILTER (email_capable AND covered AND issuemail_set AND is_own(caa_depth, caa_via_alias)) AS issuemail,
        count(*) FILTER (dnssec_status IN ('secure', 'insecure', 'bogus')) AS judged,
        count(*) FILTER (dnssec_status = 'secure') AS secure,
    FROM names
)
SELECT unnest(headlines, recursive := true) FROM (
    SELECT [
        {'headline': 'names', 'n': names, 'of': NULL::BIGINT, 'unknown': NULL::BIGINT, 'says': 'in the input of the scan'},
        {'headline': 'answered', 'n': answered, 'of': names, 'unknown': NULL, 'says': 'of the names: the look-up of CAA gave an answer'},
        {'headline': 'any CAA', 'n': covered, 'of': answered, 'unknown': names - answered, 'says': 'of the names with an answer: a set governs them'},
        {'headline': 'own CAA', 'n': own, 'of': answered, 'unknown': names - answered, 'says': 'of the names with an answer: it stands at the name itself, not inherited and by no alias'},
        {'headline': 'issuemail', 'n': issuemail, 'of': mail, 'unknown': mail_unknown, 'says': 'of the e-mail-capable names with an answer: published at the name itself'},
        {'headline': 'secure', 'n': secure, 'of': judged, 'unknown': names - judged, 'says': 'of the names whose answers could be judged: signed, and the signatures hold (DNSSEC)'}
    ] AS headlines FROM counted
)
