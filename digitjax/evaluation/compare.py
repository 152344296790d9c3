"""Compare two models by their evaluations, evaluating first where needed."""

from digitjax.config import differences
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.evaluation.comparison import (
    Comparison,
    GroupComparison,
    GroupScore,
    compare_predictions,
    compare_seeds,
)
from digitjax.evaluation.evaluate import Evaluation, require_classifier
from digitjax.runs import Ensemble, Group, Run, RunEntry
from digitjax.runs.seed_stats import summarize_seeds

_SPLIT_FIELDS = ("data.refit", "data.split_seed", "data.validation")
"""Fields of the config that change which images the train and the validation split hold."""


def compare(
    a: RunEntry, b: RunEntry, split: str = "test", step: int | str = "best", tta: str = "none"
) -> Comparison | GroupComparison:
    """Compare two runs or ensembles image by image, or two groups over their seeds.

    Missing evaluations are written into the folders of their models.

    Args:
        a: a trained classifier, or a group of them.
        b: a trained classifier, or a group if `a` is one.
        split: `train`, `validation` or `test`.
        step: a step, `latest`, or `best` on the validation split.
        tta: test-time augmentation: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        A `GroupComparison` of two groups, otherwise a `Comparison`.

    Raises:
        InputError: only one of them is a group, one is an autoencoder, they were not trained on the same data or do
            not have the same split, or one cannot be evaluated.
    """
    require_comparable(a, b, split)
    names = (a.name, b.name) if a.name != b.name else (str(a.path), str(b.path))
    if isinstance(a, Group) and isinstance(b, Group):
        first, second = (
            _group_score(name, group, split, step, tta) for name, group in zip(names, (a, b), strict=True)
        )
        return compare_seeds(first, second, split=split, step=step, tta=tta)
    if isinstance(a, Group):
        raise _mixed_kinds_error(a, b)
    if isinstance(b, Group):
        raise _mixed_kinds_error(b, a)
    evaluations = (_read_or_evaluate(model, split, step, tta) for model in (a, b))
    return compare_predictions(*evaluations, names=names, tta=tta)


def _group_score(name: str, group: Group, split: str, step: int | str, tta: str) -> GroupScore:
    accuracies = [_read_or_evaluate(run, split, step, tta).summary["accuracy"] for run in group.members()]
    return GroupScore(name=name, accuracy=summarize_seeds(accuracies))


def _mixed_kinds_error(group: Group, other: RunEntry) -> InputError:
    return InputError(
        f"{group.path} is a group and {other.path} is not: name another group, or one of its runs, "
        f"such as {group.name}/seed-{group.seeds()[0]}"
    )


def _read_or_evaluate(model: Run | Ensemble, split: str, step: int | str, tta: str) -> Evaluation:
    result = evaluation.read_or_evaluate(model, split, step, tta)
    assert isinstance(result, Evaluation)  # `require_comparable` refused autoencoders
    return result


def require_comparable(a: RunEntry, b: RunEntry, split: str) -> None:
    """Raise an error unless both are classifiers and their split holds the same images.

    Args:
        a: a run, a group or an ensemble.
        b: a run, a group or an ensemble.
        split: `train`, `validation` or `test`.

    Raises:
        InputError: one is an autoencoder, they were not trained on the same data, or their splits differ.
    """
    first, second = a.members()[0], b.members()[0]
    require_classifier(first)
    require_classifier(second)
    if first.environment.get("data_sha256") != second.environment.get("data_sha256"):
        raise InputError(
            f"{a.path} and {b.path} were trained on different data: compare models of the same data set"
        )
    if split == "test":
        return
    for field, values in differences(first.config, second.config).items():
        if field in _SPLIT_FIELDS:
            raise InputError(
                f"{a.path} and {b.path} differ in {field} ({values[0]!r} and {values[1]!r}) and so in their "
                f"{split} images: compare them on the test split"
            )
