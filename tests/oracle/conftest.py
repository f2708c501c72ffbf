"""One torch thread in each test process: more of them only wait for each other on small arrays."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
