COPY ({{.SQL}}) TO {{literal .Path}} (FORMAT parquet, COMPRESSION zstd)
