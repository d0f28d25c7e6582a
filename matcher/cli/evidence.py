"""Commands about the archive: what a call was read from, and reading it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from matcher import jobs
from matcher.cli.options import Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, progress, say, table
from matcher.domain import plain
from matcher.errors import StorageError


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(reparse)
    app.command()(evidence)


def reparse(
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    store: Annotated[bool, typer.Option("--store", help="Store the differences, as new versions.")] = False,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Read the archived pages of a source again with the code of today, and show what comes out otherwise.

    Nothing is fetched. Exit 1 if a stored call can no longer be read from its page.
    """
    with installation(config) as opened:
        (chosen,) = jobs.enabled_sources(opened, [source])
        result = jobs.reparse(opened, chosen, clock_of(now)(), store=store, progress=progress)
    if json:
        as_json(result)
    else:
        _show(result, store=store)
    if any(reread.problem for reread in result.rereads):
        raise typer.Exit(1)


def _show(result: jobs.Reparse, *, store: bool) -> None:
    for reread in result.rereads:
        if reread.problem:
            say(f"{reread.source_id}: not read from {reread.url}: {reread.problem}")
        else:
            table(
                f"{reread.source_id}: {reread.title}".replace("[", r"\["),
                ["field", "stored", "read now"],
                [(c.field, _short(c.before), _short(c.after)) for c in reread.changes],
            )
    for source_id in result.missing:
        say(f"{source_id}: the page it was read from is not in the archive")
    for source_id in result.unknown:
        say(f"{source_id}: read now, but not stored; the next run takes it in if it is still listed")
    changed = sum(not reread.problem for reread in result.rereads)
    said = f"{result.calls} calls of {result.pages} pages read again, {changed} differ"
    if store:
        said += f", {result.stored} new versions stored"
    elif changed:
        said += "; nothing is stored without --store"
    say(said + ".")


def _short(value: Any) -> str | None:
    """A value on one line; the ends of a long text, where they differ, are in ``--json``."""
    if value in (None, "", [], ()):
        return None
    text = " ".join(str(value).split())
    return text if len(text) <= 200 else f"{text[:200]} … ({len(text)} characters)"


def evidence(
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    source_id: Annotated[
        str, typer.Argument(metavar="ID", help="The publisher's id, as in `matcher calls`.")
    ],
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Of the call [default: the newest].")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the version's page there; - = here."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """The page that each version of a call was read from, and the page itself, byte for byte."""
    with installation(config) as opened:
        proofs = [p for p in jobs.proofs(opened, source, source_id) if version in (None, p.version)]
    if output is None:
        if json:
            as_json([_row(proof) for proof in proofs])
            return
        pages = [(p, p.page) for p in proofs]
        table(
            f"{source} {source_id}".replace("[", r"\["),
            ["version", "seen", "page", "fetched", "sha256"],
            [(p.version, p.seen_at, page.url, page.fetched_at, page.sha256) if page
             else (p.version, p.seen_at, "not in the archive", None, None) for p, page in pages],
        )  # fmt: skip
        return
    page = proofs[-1].page if proofs else None
    if page is None:
        which = f"version {version}" if version else "the newest version"
        raise StorageError(f"The page that {which} of {source_id} was read from is not in the archive.")
    if str(output) == "-":
        sys.stdout.buffer.write(page.body)
    else:
        output.write_bytes(page.body)


def _row(proof: jobs.Proof) -> dict[str, Any]:
    page = proof.page
    facts = (
        "url",
        "sha256",
        "request",
        "status",
        "content_type",
        "etag",
        "last_modified",
        "fetched_at",
        "notes",
    )
    return {
        "version": proof.version,
        "seen_at": plain(proof.seen_at),
        **{name: plain(getattr(page, name)) if page else None for name in facts},
    }
