"""Changes of run folders, for tests."""

import json

from digitjax.config import Config, to_json
from digitjax.runs import Run, manifest


def set_config(run: Run, config: Config) -> Run:
    """Give a run another config, as if it had been trained with that, and return it."""
    text = to_json(config)
    (run.path / "config.json").write_text(text)
    for folder in (run.checkpoints, run.weights):
        for checkpoint in manifest.find(folder)[0]:
            file = checkpoint.path / "_CHECKPOINT_METADATA"
            content = json.loads(file.read_text())
            content["custom_metadata"]["config"] = text
            file.write_text(json.dumps(content))
            manifest.write(checkpoint.path, checkpoint.step, checkpoint.metrics, checkpoint.run_id)
    return Run(run.path)
