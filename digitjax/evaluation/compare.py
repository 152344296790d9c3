"""Comparison of two models by their evaluations, which are made where they are missing."""

from digitjax.config import differences
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.evaluation.comparison import (
    Comparison,
    GroupComparison,
    GroupSide,
    compare_pictures,
    compare_seeds,
)
from digitjax.evaluation.evaluate import Evaluation
from digitjax.runs import Ensemble, Group, Run, RunEntry
from digitjax.runs.seed_stats import summarize_seeds

_OF_THE_SPLIT = ("data.refit", "data.split_seed", "data.validation")


def compare(
    a: RunEntry, b: RunEntry, split: str = "test", step: int | str = "best", tta: str = "none"
) -> Comparison | GroupComparison:
    """Compare two runs or ensembles picture by picture, or two groups over their seeds.

    Evaluations that were not made are made, and kept in the folders of their models.

    Args:
        a: a trained classifier, or a group of them.
        b: one of the same kind: a group if `a` is one.
        split: as in `digitjax.evaluation.evaluate.evaluate`; so are `step` and `tta`.

    Raises:
        InputError: only one of them is a group, one is an autoencoder, they were not trained on the same data or do
            not have the same split, or one cannot be evaluated.
    """
    require_comparable(a, b, split)
    names = (a.name, b.name) if a.name != b.name else (str(a.path), str(b.path))
    if isinstance(a, Group) and isinstance(b, Group):
        first, second = (
            _seeds(name, group, split, step, tta) for name, group in zip(names, (a, b), strict=True)
        )
        return compare_seeds(first, second, split=split, step=step, tta=tta)
    if isinstance(a, Group):
        raise _not_both(a, b)
    if isinstance(b, Group):
        raise _not_both(b, a)
    made_a, made_b = _evaluation(a, split, step, tta), _evaluation(b, split, step, tta)
    return compare_pictures(made_a, made_b, names=names, tta=tta)


def _seeds(name: str, group: Group, split: str, step: int | str, tta: str) -> GroupSide:
    accuracies = [_evaluation(run, split, step, tta).summary["accuracy"] for run in group.members()]
    return GroupSide(name=name, accuracy=summarize_seeds(accuracies))


def _not_both(group: Group, other: RunEntry) -> InputError:
    return InputError(
        f"{group.path} is a group and {other.path} is not: name another group, or one of its runs, "
        f"such as {group.name}/seed-{group.seeds()[0]}"
    )


def _evaluation(model: Run | Ensemble, split: str, step: int | str, tta: str) -> Evaluation:
    made = evaluation.read_or_evaluate(model, split, step, tta)
    assert isinstance(made, Evaluation)  # of classifiers, as was asked for before
    return made


def require_comparable(a: RunEntry, b: RunEntry, split: str) -> None:
    """Refuse what has no accuracy, and predictions of different pictures.

    Raises:
        InputError: one is an autoencoder, they were not trained on the same data, or their splits differ.
    """
    first, second = a.members()[0], b.members()[0]
    for run in (first, second):
        if run.config.task != "classification":
            raise InputError(
                f"{run.path}: its {run.config.model.kind} cannot tell digits apart: name a classifier"
            )
    if first.environment.get("data_sha256") != second.environment.get("data_sha256"):
        raise InputError(
            f"{a.path} and {b.path} were trained on different data: compare models of the same data set"
        )
    if split == "test":
        return
    for field, values in differences(first.config, second.config).items():
        if field in _OF_THE_SPLIT:
            raise InputError(
                f"{a.path} and {b.path} differ in {field} ({values[0]!r} and {values[1]!r}) and so in their "
                f"{split} pictures: compare them on the test split"
            )
