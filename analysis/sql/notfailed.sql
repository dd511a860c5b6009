SELECT 1 FROM {{ident (print .Prefix "evidence_groups")}} WHERE NOT failed AND evidence IN (SELECT evidence FROM {{ident .Of}}) LIMIT 1
