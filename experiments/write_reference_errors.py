"""Write the errors of LeNet-5 on corrupted MNIST images, the reference of the mean corruption error.

Train the reference first:

    digitjax train lenet5
    python experiments/write_reference_errors.py runs/lenet5
"""

import sys
from pathlib import Path

from digitjax.data import corruptions
from digitjax.evaluation import reference
from digitjax.evaluation.robustness import errors_by_corruption, evaluate_robustness
from digitjax.runs import Run, write_json

run = Run(Path(sys.argv[1]))
robustness = evaluate_robustness(run, reference=run)  # itself, as the file may not exist yet
content = {
    "name": f"LeNet-5 (experiment lenet5, seed {run.config.seed})",
    "commit": run.environment["commit"],
    "seed": run.config.seed,
    "step": robustness.step,
    "data_sha256": run.environment["data_sha256"],
    "split": robustness.split,
    "version": corruptions.VERSION,
    "errors": {
        name: [round(error, 6) for error in errors]
        for name, errors in errors_by_corruption(robustness.corruptions).items()
    },
}
write_json(reference.FILE, content)
