-- Every issuer that a set of either round names.
SELECT DISTINCT unnest(list_concat(list_concat(list_concat(tls_issuers, tls_wild_issuers), smime_issuers), vmc_issuers)) AS issuer FROM change_sets ORDER BY issuer
