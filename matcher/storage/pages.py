"""The archive: pages that made or changed a call, and the latest ones that can be asked for conditionally."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from matcher.domain import Fetched, SourceRun, Status, plain
from matcher.storage.calls import stored_calls
from matcher.storage.engine import alone, portions, upsert
from matcher.storage.tables import CallRow, CallVersionRow, PageBodyRow, PageRow, storable

_NEVER_EVIDENCE = frozenset({Status.CLOSED, Status.WITHDRAWN})


class Archive:
    """Takes in the pages of one run, each when it is first asked for, in the run's own transaction."""

    def __init__(self, session: Session, run: SourceRun) -> None:
        # two sources may serve the same body: one transaction at a time adds and drops bodies
        alone(session, "pages")
        self._session = session
        self._run = run
        #: by identity: the calls of a page share one object
        self._ids: dict[int, int] = {}

    def page_of(self, source_id: str) -> int | None:
        """The id of the page that a call of the run was read from; ``None`` if the run does not say."""
        page = self._run.read_from.get(source_id)
        if page is None:
            return None
        if id(page) not in self._ids:
            self._ids[id(page)] = self._keep(page)
        return self._ids[id(page)]

    def _keep(self, page: Fetched) -> int:
        notes = storable(plain(page.notes)) or None
        for row in self._session.execute(
            select(PageRow.id, PageRow.notes).where(
                PageRow.source == self._run.source,
                PageRow.url == page.url,
                PageRow.request == page.request,
                PageRow.sha256 == page.sha256,
            )
        ):
            if row.notes == notes:
                return int(row.id)
        return self._add(page, notes)

    def _add(self, page: Fetched, notes: Any) -> int:
        body = upsert(self._session, PageBodyRow).values(sha256=page.sha256, body=page.packed)
        self._session.execute(body.on_conflict_do_nothing())
        row = {
            "source": self._run.source,
            "request": page.request,
            "sha256": page.sha256,
            "notes": notes,
            "url": page.url,
            **_answer(page),
        }
        return self._session.scalars(insert(PageRow).returning(PageRow.id), row).one()

    def tidy(self) -> None:
        """Keep what can be asked for conditionally in the next run, and drop what nothing needs any more."""
        latest = {page.url: page for page in self._run.pages if page.revisable}
        held = {
            (row.url, row.sha256): row.id
            for urls in portions(latest)
            for row in self._session.execute(
                select(PageRow.id, PageRow.url, PageRow.sha256)
                .where(PageRow.source == self._run.source, PageRow.url.in_(urls), PageRow.request == "")
                .order_by(PageRow.id)
            )
        }
        again = []
        for page in latest.values():
            row_id = held.get((page.url, page.sha256))
            if row_id is None:
                self._add(page, None)
            else:
                again.append({"id": row_id, **_answer(page)})
        if again:
            self._session.execute(update(PageRow), again)
        evidence_of = (
            select(table.page_id).where(table.page_id == PageRow.id).exists()
            for table in (CallRow, CallVersionRow)
        )
        superfluous = and_(PageRow.source == self._run.source, *(~proves for proves in evidence_of))
        _drop(self._session, superfluous, _revisable_ids(self._session, self._run.source).values())


def _answer(page: Fetched) -> dict[str, Any]:
    """The columns that another answer with the same body refreshes."""
    fields = ("status", "content_type", "etag", "last_modified", "fetched_at")
    return {name: getattr(page, name) for name in fields}


def _revisable_ids(session: Session, source: str) -> dict[str, int]:
    """By address: the latest good response that can be asked for conditionally."""
    query = (
        select(PageRow.id, PageRow.url)
        .where(
            PageRow.source == source,
            PageRow.status == 200,
            PageRow.request == "",
            or_(PageRow.etag.is_not(None), PageRow.last_modified.is_not(None)),
        )
        .order_by(PageRow.fetched_at, PageRow.id)
    )
    return {row.url: row.id for row in session.execute(query)}


def _drop(session: Session, which: ColumnElement[bool], spared: Collection[int]) -> int:
    """Drop pages, and bodies that no page has any more; returns how many pages."""
    found = session.execute(select(PageRow.id, PageRow.sha256).where(which))
    gone = [row for row in found if row.id not in spared]
    for rows in portions(gone):
        session.execute(
            delete(PageRow).where(PageRow.id.in_([row.id for row in rows])),
            execution_options={"synchronize_session": False},
        )
    for hashes in portions(sorted({row.sha256 for row in gone})):
        used = select(PageRow.id).where(PageRow.sha256 == PageBodyRow.sha256).exists()
        session.execute(
            delete(PageBodyRow).where(PageBodyRow.sha256.in_(hashes), ~used),
            execution_options={"synchronize_session": False},
        )
    return len(gone)


def drop_pages(session: Session, before: datetime, now: datetime) -> int:
    """Drop pages that were last fetched before a moment, and say how many.

    Spared is what proves the newest version of a call that may still be applied for. Copies for conditional
    requests need no sparing: each answer "not modified" makes them young. What loses its page keeps its
    content and says that the page is not there.
    """
    alone(session, "pages")
    keys = {c.key for c in stored_calls(session) if c.status(now) not in _NEVER_EVIDENCE}
    query = (
        select(CallRow.source, CallRow.source_id, CallRow.page_id, CallVersionRow.page_id.label("of_version"))
        .join(CallVersionRow, CallVersionRow.call_id == CallRow.id)
        .where(CallVersionRow.version == CallRow.version)
    )
    needed = {
        page_id
        for row in session.execute(query)
        if (row.source, row.source_id) in keys
        for page_id in (row.page_id, row.of_version)
        if page_id is not None
    }
    return _drop(session, PageRow.fetched_at < before, needed)


def cached_pages(session: Session, source: str) -> dict[str, Fetched]:
    """By address, the latest good response that can be asked for conditionally (ETag or Last-Modified)."""
    ids = _revisable_ids(session, source).values()
    return {
        page.url: page
        for portion in portions(ids)
        for page in _pages(session, PageRow.id.in_(portion)).values()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A version of a call, and the page it was read from unless that is not in the archive."""

    version: int
    seen_at: datetime
    page_id: int | None


def evidence(session: Session, source: str, source_id: str) -> list[Evidence]:
    """The versions of a call, oldest first; none if there is no such call.

    The newest one stands with the page of the call as it is stored: cosmetic edits are no versions.
    """
    query = (
        select(CallRow.version, CallRow.page_id, CallVersionRow)
        .join(CallVersionRow, CallVersionRow.call_id == CallRow.id)
        .where(CallRow.source == source, CallRow.source_id == source_id)
        .order_by(CallVersionRow.version)
    )
    return [
        Evidence(
            version=row.version,
            seen_at=row.seen_at,
            page_id=(page_id or row.page_id) if row.version == newest else row.page_id,
        )
        for newest, page_id, row in session.execute(query)
    ]


def pages_of_calls(session: Session, source: str) -> dict[str, int | None]:
    """By identifier of each stored call: the id of the page it was read from, ``None`` if it is not there."""
    query = select(CallRow.source_id, CallRow.page_id).where(CallRow.source == source)
    return {row.source_id: row.page_id for row in session.execute(query.order_by(CallRow.source_id))}


def archived_page(session: Session, page_id: int) -> Fetched | None:
    """One page of the archive; ``None`` if it has been dropped."""
    return _pages(session, PageRow.id == page_id).get(page_id)


def _pages(session: Session, which: ColumnElement[bool]) -> dict[int, Fetched]:
    rows = session.execute(
        select(PageRow, PageBodyRow.body).join(PageBodyRow, PageBodyRow.sha256 == PageRow.sha256).where(which)
    )
    return {
        row.id: Fetched(
            url=row.url,
            packed=body,
            sha256=row.sha256,
            request=row.request,
            notes=row.notes or {},
            **_answer(cast("Fetched", row)),
        )
        for row, body in rows
    }
