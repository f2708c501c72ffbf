"""`convstep power`: what somebody's own gradient test can see."""

from __future__ import annotations

from convstep.cli import candidates
from convstep.cli.arguments import flag, option, positional, seconds
from convstep.cli.console import BAD_USAGE, DIFFERENT, FINE, complain, say, say_json, terminal_width
from convstep.frozen import frozen


@frozen()
class Options:
    """What `convstep power` is asked."""

    test: str = positional("TEST", "your test: test_layers.py, test_layers.py::test_pool, or a script")
    target: str = positional("TARGET", "what it tests: path.py:function, path.py:Class, path.py:Class.method")
    operator: str | None = option(
        "NAME", "what it is the backward of, see `convstep operators`; by default found from its name"
    )
    convention: str = option("NAME", "how it is called; auto (default) finds out", default="auto")
    timeout: float | None = option("SECONDS", "time limit of the test, default 300", type=seconds)
    jobs: int | None = option(
        "N",
        "how many mistakes are tried at a time; by default as many as there are cores",
        type=candidates.jobs,
    )
    json: bool = flag("one JSON object")


def run(options: Options) -> int:
    """Check the target, run its test on every mistake, say what passes; BAD_USAGE if that cannot be known."""
    from convstep.candidate.call.outcome import CannotCall
    from convstep.candidate.check.wording import fitted
    from convstep.candidate.power.asking import check_files, power_of_checked

    check_files(options.test, options.target)
    calling = candidates.Calling(options.convention, None, False, None, False)
    with candidates.opened(options.target, calling) as worker:
        try:
            verdict = candidates.judged(worker, calling, options.operator)
        except CannotCall as error:
            complain(str(error))
            return BAD_USAGE
        name = worker.candidate.name
    with candidates.progress() as told:
        found = power_of_checked(
            options.test,
            options.target,
            verdict,
            name,
            timeout=options.timeout,
            jobs=options.jobs,
            progress=None if told is None else lambda done, total: told(done, total, "mistakes"),
        )
    code = FINE if found.ok else DIFFERENT
    if options.json:
        say_json(found.as_dict(), code)
    else:
        with fitted(terminal_width()):
            text = str(found)
        say(text, code=code)
    return code
