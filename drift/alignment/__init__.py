"""Who corresponds to whom, and whether two spellings mean the same."""

from drift.alignment.align import align
from drift.alignment.judge import Comparison, Judge
from drift.alignment.pairs import UNIQUE_CONSTRAINT, UNIQUE_INDEX, Alignment, Pair, TablePair
from drift.alignment.renaming import Renaming, renaming
from drift.alignment.settling import settle
from drift.alignment.verdicts import Question, Sameness, Settlement, Unsettled, Usage

__all__ = [
    "UNIQUE_CONSTRAINT",
    "UNIQUE_INDEX",
    "Alignment",
    "Comparison",
    "Judge",
    "Pair",
    "Question",
    "Renaming",
    "Sameness",
    "Settlement",
    "TablePair",
    "Unsettled",
    "Usage",
    "align",
    "renaming",
    "settle",
]
