"""Near-duplicate detection measured side by side with other tools; `python -m benchmarks.dedup.run --help`."""
