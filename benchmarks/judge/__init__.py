"""Judging text, ours and peers side by side: `python -m benchmarks.judge.run`."""
