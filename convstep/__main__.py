"""`python -m convstep`: the same as the command `convstep`."""

from __future__ import annotations

import sys

from convstep.cli import main

if __name__ == "__main__":
    sys.exit(main())
