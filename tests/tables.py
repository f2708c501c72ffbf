"""What `pandas.DataFrame` and `csv.DictWriter` ask of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

PLAIN = (int, float, str, bool, type(None))


def read_back(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Rows of equal keys and plain values, written as CSV and read again."""
    assert all(type(row) is dict and row.keys() == rows[0].keys() for row in rows)
    assert all(type(value) in PLAIN for row in rows for value in row.values()), rows
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    file.seek(0)
    read = list(csv.DictReader(file))
    assert [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ] == read
    return read
