"""The command line: `matcher …`."""

from __future__ import annotations

import logging
import sys

import structlog
import typer

from matcher.cli import (
    answers,
    calls,
    configuration,
    demo,
    evaluation,
    evidence,
    feedback,
    letters,
    lexicon,
    matches,
    outbox,
    service,
    sources,
)
from matcher.cli.output import err
from matcher.errors import ConfigError, MatcherError

app = typer.Typer(
    name="matcher",
    help="Find open EU funding calls for municipal committees and mail each the few that matter.\n\n"
    "From demo to real use: `matcher init`, edit config/, `matcher check`, `matcher run`, "
    "`matcher serve`.\n\n"
    "Exit codes: 0 done, 1 something failed (a source, a letter), 2 wrong usage or configuration.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (
    configuration,
    sources,
    calls,
    evidence,
    matches,
    letters,
    answers,
    feedback,
    outbox,
    service,
    evaluation,
    lexicon,
    demo,
):
    part.register(app)


def main() -> None:
    """Run the command line; errors that were raised on purpose become one clear line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            err.print(problem, markup=False, soft_wrap=True)
        sys.exit(2)
    except MatcherError as error:
        err.print(f"matcher: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:  # `matcher calls | head`
        sys.stderr.close()
        sys.exit(0)
