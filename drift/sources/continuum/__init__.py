"""SQLAlchemy-Continuum: what the versioned models expect, and what probes can count."""

from drift.sources.continuum.expect import expect_versioning

__all__ = ["expect_versioning"]
