"""Estimators of upgrading in depth: plain functions from a tidy data frame to a small frozen result.

Each takes a pandas, polars or arrow frame and returns tables of the same kind. None of them is needed by `score`, which
calls those that a study file asks for.
"""
