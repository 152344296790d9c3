"""The network that finds the strokes of digits in a picture, trained on generated pages of MNIST's training digits.

    python experiments/ink_net.py FOLDER

The folder holds the metrics, the weights, and the state from which the same command resumes. The weights that come
with digitjax were trained in two stages, see the model card in digitjax/pretrained/handwriting.
"""

import sys
from pathlib import Path

from digitjax.model.training.train_ink import InkTraining, train

if __name__ == "__main__":
    print(train(InkTraining(), Path(sys.argv[1])))
