"""What the pages share: the chosen run, what is loaded once for all sessions, and how things are shown."""
