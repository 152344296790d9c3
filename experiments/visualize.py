"""Write a report of a run: one HTML file and PNGs of its charts.

    python experiments/visualize.py RUN [--out DIR]

The same as `digitjax report RUN`; implemented in `digitjax.visualization.report`.
"""

import sys

from digitjax.cli import main

if __name__ == "__main__":
    main(["report", *sys.argv[1:]])
