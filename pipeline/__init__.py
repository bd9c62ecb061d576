"""Kvarn's curation library: kernels, stages, storage, quality, work and training, without Prefect or Great Expectations."""
