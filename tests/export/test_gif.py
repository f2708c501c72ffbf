from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from convstep.export.frame import Frame, Look, Rgb, Run
from convstep.export.gif import CELL, palette_of, write_gif
from convstep.export.png import pixels


def made(frames: list[Frame]) -> bytes:
    file = io.BytesIO()
    write_gif(frames, file)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_gif_has_every_frame_for_its_time_and_repeats(walk: list[Frame]) -> None:
    content = made(walk)
    picture = opened(content)
    assert picture.n_frames == 4  # type: ignore[attr-defined]
    assert picture.size == (60 * CELL[0], 16 * CELL[1])
    assert picture.info["loop"] == 0
    durations = []
    for place in range(4):
        picture.seek(place)
        durations.append(picture.info["duration"])
    assert durations == [500, 500, 500, 2000]
    assert len(content) < 150_000
    assert content == made(walk)


def test_each_frame_looks_like_its_png(walk: list[Frame]) -> None:
    picture = opened(made(walk))
    for place, frame in enumerate(walk):
        picture.seek(place)
        shown = np.asarray(picture.convert("RGB")).astype(int)
        away = np.abs(shown - pixels(frame, CELL))
        assert np.percentile(away, 99) <= 16  # edges of letters have fewer shades
        flat = (pixels(frame, CELL) == (18, 18, 18)).all(axis=-1)
        assert (shown[flat] == (18, 18, 18)).all()


def test_only_what_changed_is_stored(walk: list[Frame]) -> None:
    once, twice = made(walk[:1]), made([walk[0], walk[0]])
    assert len(twice) - len(once) < 64
    assert opened(twice).n_frames in (1, 2)  # type: ignore[attr-defined]
    assert len(made(walk)) < 2 * len(once)


def row_of(colours: list[Rgb]) -> Frame:
    row = tuple(Run("a", Look(colour, (0, 0, 0))) for colour in colours)
    return Frame((row,), (len(row), 1), "colours", "many", 1)


def test_few_colours_are_exact_and_many_are_near() -> None:
    few = palette_of([row_of([(250, 0, 0), (0, 250, 0)])])
    assert {(250, 0, 0), (0, 250, 0), (0, 0, 0)} <= {tuple(colour) for colour in few.colours.tolist()}
    many = row_of([(red, 255 - red, 7 * red % 256) for red in range(250)])
    palette = palette_of([many])
    assert len(palette.colours) <= 255
    for pair, place in palette.places.items():
        ink = palette.colours[palette.mixed[place, 255]].astype(int)
        assert np.abs(ink - pair[0]).max() < 40
        assert palette.colours[palette.mixed[place, 0]].tolist() == [0, 0, 0]


def test_a_frame_that_stands_for_hours_is_cut_to_what_a_gif_can_say(walk: list[Frame]) -> None:
    assert opened(made([replace(walk[0], seconds=100_000)])).info["duration"] == 655_350
