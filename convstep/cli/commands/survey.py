"""`convstep survey`: everybody's backwards, for whoever teaches the course."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from convstep.cli import candidates
from convstep.cli.arguments import flag, group, option, positional
from convstep.cli.console import FINE, INTERRUPTED, UsageError, say, terminal_width
from convstep.cli.outputs import check_new, write
from convstep.frozen import frozen

if TYPE_CHECKING:
    from convstep.candidate.survey.surveying import Survey


@frozen()
class Options:
    """What `convstep survey` is asked."""

    folder: str = positional("FOLDER", "where the submissions are: a file or a folder for each")
    calling: candidates.Calling = group(candidates.Calling)
    function: str | None = option(
        "NAME", "the function or class to check; by default all whose name says backward or gradient"
    )
    operator: str | None = option(
        "NAME", "what they are the backward of, see `convstep operators`; by default found from their names"
    )
    csv: str | None = option("FILE", "write the table for a spreadsheet")
    markdown: str | None = option("FILE", "write a page that is grouped by mistake")
    force: bool = flag("overwrite existing files")
    jobs: int | None = option(
        "N", "how many at a time; by default as many as there are cores", type=candidates.jobs
    )


def run(options: Options) -> int:
    """Check all, show the table, write what was asked for; FINE, or INTERRUPTED if some are not looked at."""
    outputs = {"--csv": options.csv, "--markdown": options.markdown}
    for name, path in outputs.items():
        if path is not None:
            check_new(path, name, options.force)
    real = [os.path.realpath(path) for path in outputs.values() if path is not None]
    if len(set(real)) < len(real):
        raise UsageError("--csv and --markdown are the same file; give each its own")
    from convstep.candidate.survey.surveying import survey

    with candidates.progress() as progress:
        found = survey(
            options.folder,
            function=options.function,
            operator=options.operator,
            jobs=options.jobs,
            progress=progress,
            **asdict(options.calling),
        )
    return _tell(found, options)


def _tell(found: Survey, options: Options) -> int:
    """Write the files first: a table that nobody reads to its end takes nothing from them."""
    from convstep.candidate.survey.table import as_csv, page, summary, table

    for path, content in ((options.csv, as_csv), (options.markdown, lambda told: page(told).encode())):
        if path is not None:
            write(path, content(found))
    code = INTERRUPTED if found.interrupted else FINE
    say(*table(found, terminal_width()), code=code)
    say("", summary(found), code=code)
    return code
