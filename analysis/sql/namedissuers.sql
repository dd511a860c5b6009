-- Every issuer that a set names.
SELECT DISTINCT issuer FROM (SELECT unnest(list_transform(caa, lambda p: p.issuer_domain)) AS issuer FROM rrsets) WHERE issuer IS NOT NULL ORDER BY issuer
