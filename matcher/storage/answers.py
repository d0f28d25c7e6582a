"""What committees answered about calls: every answer is kept, the latest one counts."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from matcher.domain import Answer, AnswerKind, Refusal, Role
from matcher.errors import StorageError
from matcher.storage.calls import find_call
from matcher.storage.tables import AnswerRow


def record_answer(session: Session, answer: Answer) -> None:
    """Keep an answer.

    Raises:
        StorageError: there is no such call.
    """
    if find_call(session, *answer.key) is None:
        raise StorageError(f"There is no call {'/'.join(answer.key)}; `matcher calls` lists those there are.")
    fields = ("committee", "source", "source_id", "kind", "reason", "role", "who", "note", "at")
    session.execute(insert(AnswerRow).values({name: getattr(answer, name) for name in fields}))


def answers(session: Session, committee: str | None = None, *, history: bool = False) -> list[Answer]:
    """The answers that count, of one committee or of all, oldest first; ``history``: also earlier ones."""
    query = select(AnswerRow).order_by(AnswerRow.at, AnswerRow.id)
    if committee is not None:
        query = query.where(AnswerRow.committee == committee)
    given = [_answer(row) for row in session.scalars(query)]
    if history:
        return given
    latest = {(answer.committee, *answer.key): answer for answer in given}
    return [answer for answer in given if latest[answer.committee, *answer.key] is answer]


def _answer(row: AnswerRow) -> Answer:
    return Answer(
        committee=row.committee,
        source=row.source,
        source_id=row.source_id,
        kind=AnswerKind(row.kind),
        reason=Refusal(row.reason) if row.reason else None,
        role=Role(row.role) if row.role else None,
        who=row.who,
        note=row.note,
        at=row.at,
    )
