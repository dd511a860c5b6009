-- A file all of whose values stand in quotes has them in presentation form.
SELECT coalesce(bool_and(len(caa_value) >= 2 AND caa_value LIKE '"%"'), false) FROM read_parquet({{literal (unglob .File)}}, hive_partitioning = false) WHERE caa_value IS NOT NULL
