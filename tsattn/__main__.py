"""`python -m tsattn` is `tsattn`."""

from tsattn.cli.main import run

if __name__ == "__main__":
    run()
