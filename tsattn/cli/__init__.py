"""The command line. A command is options, one call of tsattn.api, and one render. Importing this loads Typer only."""
