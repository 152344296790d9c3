"""Altair charts of arrays and tables, the same in the dashboard, in notebooks and in reports.

Needs the extra `app`. The colors are those of Okabe and Ito's palette and shades of one blue, which people of every
color vision can tell apart; shapes and dashes repeat what they say. The width of charts with a fixed aspect ratio is
set here, that of all others by the page; `.properties(width=...)` overrides it.
"""

from digitjax.visualization.charts.adaptation import accuracy_by_adaptation
from digitjax.visualization.charts.calibration import reliability, risk_coverage
from digitjax.visualization.charts.confusion import confusion_difference, confusion_matrix
from digitjax.visualization.charts.features import MAX_EMBEDDING_POINTS, embedding
from digitjax.visualization.charts.history import accuracy_by_epoch, learned_and_forgotten
from digitjax.visualization.charts.learning import MAX_POINTS, MAX_RUNS, Axis, learning_curves
from digitjax.visualization.charts.linked import link
from digitjax.visualization.charts.predictions import (
    class_balance,
    per_class,
    probabilities,
    probability_by_epoch,
)
from digitjax.visualization.charts.reading import probability_heatmap
from digitjax.visualization.charts.robustness import corruption_heatmap
from digitjax.visualization.charts.rows import table
from digitjax.visualization.charts.stress import accuracy_by_condition, false_readings, lost_by_stage
from digitjax.visualization.charts.sweeps import importances, parallel_coordinates, trial_scatter

__all__ = [
    "MAX_EMBEDDING_POINTS",
    "MAX_POINTS",
    "MAX_RUNS",
    "Axis",
    "accuracy_by_adaptation",
    "accuracy_by_condition",
    "accuracy_by_epoch",
    "class_balance",
    "confusion_difference",
    "confusion_matrix",
    "corruption_heatmap",
    "embedding",
    "false_readings",
    "importances",
    "learned_and_forgotten",
    "learning_curves",
    "link",
    "lost_by_stage",
    "parallel_coordinates",
    "per_class",
    "probabilities",
    "probability_by_epoch",
    "probability_heatmap",
    "reliability",
    "risk_coverage",
    "table",
    "trial_scatter",
]
