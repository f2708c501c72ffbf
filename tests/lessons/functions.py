"""Small lessons over recorded functions, for tests."""

from __future__ import annotations

FRONT = """---
language: en
operator: max-pool
---
# A title

What it is about.
"""
CODE = """---
language: en
given: x = [[1, 2], [3, 4]]
given: dout = [5, 6]
given: k = 3
call: back(dout, x, k)
---
# A title

What it is about.
"""
BACK = """```python candidate
def back(dout, x, k):
    dx = 0 * x
    for i in range(len(x)):
        dx[i] += dout[i] * k
        dx[i, 0] += 1
    return dx
```
"""
