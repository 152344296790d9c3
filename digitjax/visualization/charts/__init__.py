"""Charts: numbers in, Altair charts out, the same in the dashboard, in notebooks and in reports.

Needs the extra `app`. The colours are those of Okabe and Ito, and shades of one blue: people of every
colour vision can tell them apart, and no chart tells anything by colour alone. Charts of lines and points
leave their width to the page, and those whose shape matters set it; `.properties(width=...)` sets it anew.
"""

from digitjax.visualization.charts.confusion import confusion_difference, confusion_matrix
from digitjax.visualization.charts.features import MOST_POINTS, embedding
from digitjax.visualization.charts.learning import MOST_LINES, MOST_MARKS, Line, learning_curves
from digitjax.visualization.charts.predictions import (
    class_balance,
    per_class,
    probabilities,
    probability_by_epoch,
)
from digitjax.visualization.charts.reading import probability_table
from digitjax.visualization.charts.robustness import corruption_heatmap
from digitjax.visualization.charts.rows import table
from digitjax.visualization.charts.training import compare_curves, curves, history, learned_and_forgotten
from digitjax.visualization.charts.trust import reliability, risk_coverage

__all__ = [
    "MOST_LINES",
    "MOST_MARKS",
    "MOST_POINTS",
    "Line",
    "class_balance",
    "compare_curves",
    "confusion_difference",
    "confusion_matrix",
    "corruption_heatmap",
    "curves",
    "embedding",
    "history",
    "learned_and_forgotten",
    "learning_curves",
    "per_class",
    "probabilities",
    "probability_by_epoch",
    "probability_table",
    "reliability",
    "risk_coverage",
    "table",
]
