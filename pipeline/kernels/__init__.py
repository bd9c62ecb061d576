"""Arithmetic only: numba and numpy over UTF-8 bytes and int64 offsets. No file, no configuration, no Arrow."""
