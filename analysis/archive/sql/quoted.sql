-- Do all values of the file stand in quotes? Then these are of the presentation form, and not of the values.
SELECT coalesce(bool_and(len(caa_value) >= 2 AND caa_value LIKE '"%"'), false) FROM read_parquet({{literal (unglob .File)}}, hive_partitioning = false) WHERE caa_value IS NOT NULL
