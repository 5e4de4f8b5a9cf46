"""``python -m locker``: the same as the command ``locker``."""

from locker.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
