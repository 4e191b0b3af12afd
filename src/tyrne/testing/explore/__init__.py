"""Exhaustive exploration of small systems: every state that any sequence of traps can lead to, checked.

`make explore ARGS="rendezvous"` explores a model of this repository; `models.py` has them. Another system is one more
`Model`, as data; docs/decisions/0015-exploration.md says what is taken to be the same state, and why.
"""

from tyrne.testing.explore.alphabet import Fewer, Gift, Own, Template, Words
from tyrne.testing.explore.checkpoint import Checkpoint
from tyrne.testing.explore.engine import Cluster, Processes, Serial
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.models import MODELS
from tyrne.testing.explore.report import Replay, write_test
from tyrne.testing.explore.search import Report, explore

__all__ = [
    "MODELS",
    "Checkpoint",
    "Cluster",
    "Fewer",
    "Gift",
    "Holder",
    "Model",
    "Own",
    "Processes",
    "Replay",
    "Report",
    "Serial",
    "Template",
    "Words",
    "explore",
    "write_test",
]
