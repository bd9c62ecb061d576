"""Joins storage and stages: shards, sandboxed workers, markers that say what may be skipped. Knows no Prefect."""
