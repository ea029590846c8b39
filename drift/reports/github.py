"""``--format github``: workflow commands, which GitHub shows as annotations on the lines of the models."""

from __future__ import annotations

from drift.findings import Severity
from drift.policy import Verdict
from drift.policy.order import describe
from drift.reports import words
from drift.reports.safe import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(verdict: Verdict) -> str:
    """One line for each finding, then the summary as plain text."""
    lines = []
    for finding in verdict.findings:
        (who, expected), (whose, actual) = words.sides(finding, verdict.labels)
        properties = {}
        if finding.locations:
            properties["file"] = finding.locations[0].path
            if finding.locations[0].line is not None:
                properties["line"] = str(finding.locations[0].line)
        properties["title"] = f"{finding.code} {finding.name}"
        subject = words.as_called(describe(finding.subject), verdict.dialect)
        message = f"{subject}: {finding.message}\n{who}: {expected}\n{whose}: {actual}"
        lines.append(_command(_COMMANDS[finding.severity], properties, message))
    lines += [
        _command(
            "warning",
            {"title": f"not checked: {group.code} {group.name}"},
            f"{group.what(verdict.dialect)}: {group.reason}",
        )
        for group in words.skipped(verdict.not_checked)
    ]
    lines += [_command("error", {"title": "expired in the baseline"}, entry) for entry in verdict.expired]
    lines += [_command("warning", {"title": "stale in the baseline"}, entry) for entry in verdict.stale]
    lines += [_command("notice", {"title": "drift"}, note) for note in verdict.notes]
    # A line of plain text must not be able to start a workflow command.
    lines.append(visible(words.summary(verdict)).replace("::", ": :"))
    return "\n".join(lines) + "\n"


def _command(name: str, properties: dict[str, str], message: str) -> str:
    text = ",".join(f"{key}={_property(visible(value))}" for key, value in properties.items())
    return f"::{name} {text}::" + "%0A".join(_data(visible(line)) for line in message.splitlines())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
