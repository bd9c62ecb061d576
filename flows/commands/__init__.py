"""One module a command (or a few that belong together): settings in, facts out."""
