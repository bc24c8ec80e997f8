"""`python -m giddyup_watch` and the console script."""

from giddyup_watch.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
