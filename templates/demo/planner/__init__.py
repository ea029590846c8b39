"""The demonstration's service."""
