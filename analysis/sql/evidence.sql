-- The evidences in the form of rows of domains.
SELECT e.rowid AS evidence, e.names, e.evidence_key.suffix_labels AS suffix_labels, to_json({
    'labels': e.evidence_key.labels,
    'climb': list_transform(e.evidence_key.climb, lambda l: {
        'outcome': l.outcome, 'security': l.security, 'reason': l.reason, 'attempts': l.attempts,
        'alias_to': CASE WHEN l.alias THEN '.' END, 'truncated': l.truncated, 'ede': l.ede, 'caa': l.caa
    }),
    'caa_depth': e.evidence_key.caa_depth,
    'caa': list_transform(r.caa, lambda p: {'flags': p.flags, 'tag': p.tag, 'value': p.value})
})::VARCHAR AS row
FROM {{ident (print .Prefix "evidences")}} e LEFT JOIN {{ident (print .Prefix "rrsets")}} r ON r.caa_rrset_hash = e.evidence_key.caa_rrset_hash
