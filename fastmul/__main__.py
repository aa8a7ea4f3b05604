"""``python -m fastmul``: the same as the command ``fastmul``."""

import sys

from fastmul.cli import main

if __name__ == "__main__":
    sys.exit(main())
