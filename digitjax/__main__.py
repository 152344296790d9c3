"""`python -m digitjax` is `digitjax`."""

from digitjax.cli import main

main()
