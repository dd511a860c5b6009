SELECT count(*) FROM read_parquet({{literal (unglob .File)}}, hive_partitioning = false)
