"""What the team says about findings: selection, severities, baseline, and the verdict of the gate."""

from drift.policy.baseline import Baseline, baseline_of, read_baseline
from drift.policy.config import Config, load_config
from drift.policy.judge import Circumstances, judge
from drift.policy.verdict import Compared, Verdict

__all__ = [
    "Baseline",
    "Circumstances",
    "Compared",
    "Config",
    "Verdict",
    "baseline_of",
    "judge",
    "load_config",
    "read_baseline",
]
