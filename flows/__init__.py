"""Prefect flows that read as recipes, settings, and the `kvarn` command. The only place that knows Prefect."""
