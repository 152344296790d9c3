"""The exception behind every one-line reason that people see."""


class InputError(ValueError):
    """What the user gave cannot be used: the message names the thing and the remedy in one line.

    The command line prints it and exits with code 2; a server answers it as a client error; the
    dashboard shows it in place of the picture or the run.
    """
