"""What a process says of itself that may be a copy."""

import json
import os
import sys
import time
from collections.abc import Sequence

import numpy as np


def main(arguments: Sequence[str]) -> None:
    said = {
        "given": list(arguments),
        "folder": os.getcwd(),
        "said": os.environ.get("SAID"),
        "path": sys.path[0],
        "drawn": np.random.random(),
        "pipes": sorted(int(each) for each in os.listdir("/proc/self/fd"))[:-1],
    }
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()
    if arguments[0] == "wait":
        time.sleep(600)
    sys.exit(int(arguments[0]))
