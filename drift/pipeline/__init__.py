"""From inputs to a report: the order of the stages, and nothing else."""

from drift.pipeline.api import check, plan
from drift.pipeline.inputs import Inputs, Progress
from drift.pipeline.report import Comparison, Report
from drift.pipeline.run import run_check

__all__ = ["Comparison", "Inputs", "Progress", "Report", "check", "plan", "run_check"]
