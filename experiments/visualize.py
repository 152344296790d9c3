"""Everything that is known of a run as pictures: one HTML file and PNGs of its charts.

    python experiments/visualize.py RUN [--out DIR]

The same as `digitjax report RUN`; see `digitjax.visualization.report` for what it calls.
"""

import sys

from digitjax.cli import main

if __name__ == "__main__":
    main(["report", *sys.argv[1:]])
