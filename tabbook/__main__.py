"""``python -m tabbook``: see `tabbook.cli`."""

import sys

from tabbook.cli import main

if __name__ == "__main__":
    sys.exit(main())
