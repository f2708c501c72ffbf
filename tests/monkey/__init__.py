"""A monkey at the keyboard: seeded random sessions over every app, and what breaks, in the fewest keys.

`python -m tests.monkey --keys 100000` plays; `--replay '…'` plays one session again.
"""
