"""Commands about what fits a committee, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from matcher import jobs
from matcher.cli.options import CommitteeId, Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, progress, say, table
from matcher.domain import Match, Reason
from matcher.storage import repository


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(match)
    app.command()(matches)
    app.command()(explain)


def match(config: Config = None, now: Now = None, json: Json = False) -> None:
    """Rank the open and coming calls for every committee and store the result."""
    with installation(config) as opened:
        ranked = jobs.match(opened, clock_of(now)(), progress)
    if json:
        as_json(ranked)
    else:
        show_ranked(ranked)


def show_ranked(ranked: list[jobs.Ranked]) -> None:
    """A table with one line per committee."""
    table(
        None,
        ["id", "committee", "strong#", "possible#", "weak#", "excluded#", "best reason"],
        [
            (
                r.committee,
                r.name,
                r.strong,
                r.possible,
                r.weak,
                r.excluded,
                why(r.best.reasons) if r.best else None,
            )
            for r in ranked
        ],
    )


def why(reasons: tuple[Reason, ...], terms: int = 4) -> str:
    """The best reason in one line: the words in both languages and the priority."""
    if not reasons:
        return ""
    best = reasons[0]
    words = ", ".join(
        query if found == (query,) else f"{query} → {' / '.join(found[:3])}"
        for query, found in list(best.words().items())[:terms]
    )
    return f"{words} ({best.priority})" if words else best.priority


def matches(
    committee: CommitteeId,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows.")] = 20,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """A committee's ranked calls with the reason for each."""
    moment = clock_of(now)()
    with installation(config) as opened:
        _, known = opened.committee(committee)
        with opened.database.read() as session:
            found = repository.load_matches(session, committee)[:limit]
            calls = {c.key: c.call for c in repository.stored_calls(session)}
    if json:
        as_json([{"match": m, "call": calls.get(m.key)} for m in found])
        return
    if not found:
        if calls and jobs.says_nothing(opened, committee):
            say(
                f"No list for {known.name}: no word of its priorities and its responsibility is known, and a "
                "list by chance would be worse. `matcher check` names the words; add keywords to a priority, "
                "or the words to the lexicon."
            )
        else:
            say(f"Nothing is ranked for {known.name} yet: run `matcher scrape` and `matcher match` first.")
        return
    rows: list[tuple[object, ...]] = []
    for place, found_match in enumerate(found, 1):
        call = calls[found_match.key]
        ahead = call.next_deadline(moment)
        rows.append(
            (
                place,
                f"{found_match.score:.2f}",
                found_match.band,
                found_match.eligibility.verdict,
                ahead.iso if ahead else None,
                call.title,
                why(found_match.reasons),
                f"{call.source}/{call.source_id}",
            )
        )
    table(known.name, ["#", "score#", "band", "may apply", "deadline", "title", "why", "call"], rows)


def explain(
    committee: CommitteeId,
    call: Annotated[str, typer.Argument(metavar="CALL", help="SOURCE/ID, or only the id.")],
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Every number behind the score of one call for one committee."""
    with installation(config) as opened:
        explanation = jobs.explain(opened, committee, call, clock_of(now)())
    if json:
        as_json(explanation)
        return
    _show_match(explanation.match, explanation)


def _show_match(found: Match, explanation: jobs.Explanation) -> None:
    say(f"{explanation.call.title}")
    say(f"{found.source}/{found.source_id}")
    say(f"score {found.score:.3f}: {found.band}; may apply: {found.eligibility.verdict}")
    table(
        "Where the score comes from",
        ["origin", "share#"],
        [(name, f"{share:.3f}") for name, share in explanation.origins.items()],
    )
    table(
        "What each priority gives, by channel",
        ["priority", "word#", "char#", "latent#", "excluded#", "score#"],
        [
            (p.priority, *(f"{n:.3f}" for n in (p.word, p.char, p.latent, -p.excluded, p.score)))
            for p in explanation.parts
        ],
    )
    for reason in found.reasons:
        table(
            f"{reason.priority} ({reason.score:.3f})",
            ["in the priority", "in the call", "route", "part of the score#"],
            [(t.query, t.document, t.route, f"{t.weight:.3f}") for t in reason.terms],
        )
    for remark in (*found.eligibility.reasons, *found.eligibility.open_points):
        say(f"  {remark.rule}: {remark.en}")
    say(f"configuration {explanation.config_version[:12]}")
