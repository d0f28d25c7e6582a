"""Reasons say the words that count; the status of a call follows from its dates and the moment."""

from datetime import UTC, date, datetime, timedelta

from matcher.domain import Call, Deadline, Family, Precision, Reason, Status, Term


def a_reason(*terms: tuple[str, str, float]) -> Reason:
    return Reason(
        priority_id="p",
        priority="P",
        score=1.0,
        terms=tuple(Term(query=q, document=d, route="lexicon", weight=w) for q, d, w in terms),
    )


def test_words_are_grouped_by_the_committees_word_and_ordered_by_what_they_give_together():
    reason = a_reason(("a", "one", 0.3), ("b", "two", 0.4), ("a", "three", 0.3))
    assert reason.words() == {"a": ("one", "three"), "b": ("two",)}


def test_a_word_inside_a_longer_phrase_is_not_said_again():
    reason = a_reason(
        ("våld", "violence", 0.5), ("våld", "gender based violence", 0.4), ("våld", "gender", 0.1)
    )
    assert reason.words() == {"våld": ("gender based violence",)}


def test_a_word_that_gives_less_than_a_third_of_the_best_is_left_out():
    assert a_reason(("a", "one", 0.9), ("b", "two", 0.31), ("c", "three", 0.29)).words().keys() == {"a", "b"}


def test_a_reason_without_terms_has_no_words():
    assert a_reason().words() == {}


NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def a_call(*days: int, **facts: object) -> Call:
    """A call with deadlines so many days from noon."""
    deadlines = tuple(Deadline(at=NOON + n * DAY, precision=Precision.TIME) for n in days)
    values: dict[str, object] = {"source": "s", "source_id": "1", "url": "https://s.example/", "title": "T"}
    values |= {"language": "en", "family": Family.SECTOR, "deadlines": deadlines}
    return Call(**values | facts)  # type: ignore[arg-type]


def test_a_call_closes_by_the_clock_although_nobody_has_read_its_page_since():
    call = a_call(10)
    moments = [NOON, NOON + 10 * DAY, NOON + 10 * DAY + timedelta(seconds=1)]
    assert [call.status(now) for now in moments] == [Status.OPEN, Status.OPEN, Status.CLOSED]


def test_a_call_with_cut_offs_stays_open_until_the_last_and_names_the_next():
    call = a_call(100, 10, 50)
    found = [(call.status(now), call.next_deadline(now)) for now in (NOON, NOON + 11 * DAY, NOON + 101 * DAY)]
    assert found == [
        (Status.OPEN, call.deadlines[1]),
        (Status.OPEN, call.deadlines[2]),
        (Status.CLOSED, None),
    ]


def test_open_at_any_time_unknown_and_coming_are_three_different_things():
    assert a_call(continuous=True).status(NOON) is Status.OPEN
    assert a_call().status(NOON) is Status.UNKNOWN
    assert a_call(planned=True).status(NOON) is Status.FORTHCOMING
    opens = a_call(30, opens=date(2027, 3, 11))
    assert [opens.status(NOON), opens.status(NOON + DAY)] == [Status.FORTHCOMING, Status.OPEN]
    assert a_call(closed=True).status(NOON) is Status.CLOSED
