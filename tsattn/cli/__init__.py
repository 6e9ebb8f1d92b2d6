"""The command line: options, one call of tsattn.api, one render. Importing it costs the standard library and Typer alone."""
