"""Parts that the pages share: the selected run, models and data that are loaded once, and common displays."""
