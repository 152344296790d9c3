"""`python -m digitjax` is `digitjax`."""

from digitjax.signals import exit_on_interrupt

exit_on_interrupt()  # before what takes time

from digitjax.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
