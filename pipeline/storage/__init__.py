"""Files: readers, Parquet with checksums, the manifest of a candidate, and releases that appear in one atomic step."""
