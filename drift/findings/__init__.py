"""The words: what a check says."""

from drift.findings.model import (
    Finding,
    NotChecked,
    Outcome,
    Repair,
    Safety,
    Severity,
    Subject,
    SubjectKind,
    fingerprint,
)

__all__ = [
    "Finding",
    "NotChecked",
    "Outcome",
    "Repair",
    "Safety",
    "Severity",
    "Subject",
    "SubjectKind",
    "fingerprint",
]
