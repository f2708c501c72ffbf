"""The fonts that every picture is drawn with, so that it looks the same on every machine."""

from __future__ import annotations

from pathlib import Path

REGULAR = Path(__file__).with_name("DejaVuSansMono.ttf")
"""Latin, Greek, mathematics, arrows and marks."""
BOLD = Path(__file__).with_name("DejaVuSansMono-Bold.ttf")
CHINESE = Path(__file__).with_name("NotoSansMonoCJKsc-subset.otf")
"""GB 2312, Chinese punctuation and the full-width forms; made by `python -m convstep.export.fonts.make`."""
