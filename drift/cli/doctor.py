"""``drift doctor``: why it does not work, step by step."""

from __future__ import annotations

import json

import rich_click as click

from drift.cli.failures import known_secrets
from drift.cli.inputs import inputs_for
from drift.cli.interrupts import bounded
from drift.cli.options import Settings, stdout_color, takes_settings
from drift.cli.streams import echo
from drift.reports.safe import visible
from drift.secrets import scrub


@click.command()
@takes_settings(timeout=False)
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds for each answer."
)
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How to write it.")
def command(settings: Settings, timeout: float, shape: str) -> int:
    """Find out why a check does not work: configuration, models, URL, DNS, TCP, TLS, login, privileges, migrations.

    Nothing is changed. The exit code is 2 when a step failed.
    """
    from drift.pipeline.diagnosis import Result, Step, diagnose

    styles = {Result.OK: "green", Result.WARNING: "yellow", Result.FAILED: "red", Result.SKIPPED: "bright_black"}
    color = stdout_color(settings)
    inputs = inputs_for(settings, accepted=False)

    def clean(text: str) -> str:
        return visible(scrub(text, known_secrets()))

    def show(step: Step) -> None:
        word = click.style(f"{step.result.value:<8}", fg=styles[step.result]) if color else f"{step.result.value:<8}"
        echo(f"{word} {step.name:<14} {clean(step.text)}", color=color)
        for detail in step.details:
            echo(f"{'':<24}{clean(detail)}")
        for way in step.help:
            echo(f"{'':<24}help: {clean(way)}")

    steps = []
    with bounded(settings.config.timeout):
        for step in diagnose(inputs, timeout=timeout):
            steps.append(step)
            if shape == "text":
                show(step)
    if shape == "json":
        items = [
            {
                "step": step.name,
                "result": step.result.value,
                "text": clean(step.text),
                "details": [clean(detail) for detail in step.details],
                "help": [clean(way) for way in step.help],
            }
            for step in steps
        ]
        echo(json.dumps({"version": 1, "steps": items}, indent=2))
    return 2 if any(step.result is Result.FAILED for step in steps) else 0
