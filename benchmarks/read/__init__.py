"""Measurements of the readers beside their peers; never part of the tests."""
