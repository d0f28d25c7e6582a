"""What a committee is told: sections, ledger, limits, facts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.config.models import DecidingBody, DigestSchedule, Municipality
from matcher.digest.plan import changes_since, concerned_by
from matcher.digest.render import render
from matcher.domain import (
    STOCKHOLM,
    Amount,
    AnswerKind,
    Applicant,
    Band,
    Consortium,
    Deadline,
    Digest,
    Eligibility,
    Family,
    Money,
    Origin,
    Precision,
    Remark,
    Section,
    Status,
    StoredCall,
    Timing,
    Told,
    Verdict,
)
from tests.digest.builders import (
    COMMITTEE,
    MUNICIPALITY,
    NOW,
    PROGRAMMES,
    WEEK,
    answer,
    at,
    call,
    keys,
    match,
    on,
    plan,
    rich_digest,
    stored,
    told,
)

NO = Eligibility(
    verdict=Verdict.EXCLUDED,
    reasons=(Remark(rule="area", sv="Gäller bara Skåne.", en="For Skåne only."),),
)


# --- which calls ------------------------------------------------------------------------------


def test_a_strong_or_possible_match_never_told_is_new() -> None:
    strong, possible, weak = call("A"), call("B"), call("C")
    digest = plan(
        [stored(c) for c in (strong, possible, weak)],
        [match(weak, 0.2), match(possible, 0.6), match(strong, 0.9)],
    )
    assert keys(digest, Section.NEW) == ["A", "B"]
    assert digest.totals.below == 1


def test_an_excluded_call_is_left_out_and_counted_with_its_reason() -> None:
    digest = plan([stored(call("A"))], [match(call("A"), eligibility=NO)])
    assert digest.empty
    assert digest.totals.excluded == 1
    assert [(e.remark.sv, e.calls) for e in digest.totals.exclusions] == [("Gäller bara Skåne.", 1)]


def test_a_closed_or_withdrawn_call_never_told_is_not_taken_up() -> None:
    closed = stored(call("A", deadlines=(at(2026, 11, 2),)))
    gone = stored(call("B"), withdrawn_at=NOW - timedelta(days=1))
    assert plan([closed, gone]).empty


def test_a_call_without_a_date_is_told_as_new_with_its_status_unknown() -> None:
    digest = plan([stored(call("A", deadlines=()))])
    (item,) = digest.section(Section.NEW)
    assert item.status is Status.UNKNOWN
    assert item.deadline is None
    assert item.days_left is None


def test_at_most_max_calls_new_ones_best_first_and_the_rest_comes_next_time() -> None:
    calls = [stored(call(f"A{n}")) for n in range(7)]
    matches = [match(c.call, 0.5 + n / 100) for n, c in enumerate(calls)]
    committee = COMMITTEE.model_copy(update={"digest": DigestSchedule(max_calls=3)})
    first = plan(calls, matches, committee=committee)
    assert keys(first, Section.NEW) == ["A6", "A5", "A4"]
    assert first.totals.waiting == 4
    assert {t.source_id for t in first.told} == {"A6", "A5", "A4"}
    second = plan(calls, matches, list(first.told), committee=committee, now=NOW + WEEK)
    assert keys(second, Section.NEW) == ["A3", "A2", "A1"]


def test_reminders_and_changes_beyond_the_limit_are_counted_and_come_next_time() -> None:
    soon = [call(f"S{n}", deadlines=(on(2026, 12, 3),)) for n in range(40)]
    moved = [call(f"M{n}", deadlines=(at(2027, 2, 18),)) for n in range(40)]
    ledger = {c.key: told(c, days_ago=28) for c in soon}
    ledger |= {c.key: told(replace(c, deadlines=(at(2027, 1, 21),))) for c in moved}
    waiting, rows = [], list[str]()
    for week in range(3):
        digest = plan([stored(c) for c in soon + moved], [], list(ledger.values()), now=NOW + week * WEEK)
        waiting.append(digest.totals.waiting)
        rows += keys(digest, Section.CLOSING) + keys(digest, Section.CHANGED)
        ledger |= {t.key: t for t in digest.told}
    assert waiting == [20, 0, 0]
    assert sorted(rows) == sorted(c.source_id for c in soon + moved)


def test_forthcoming_calls_have_a_section_and_a_limit_of_their_own() -> None:
    calls = [stored(call(f"F{n}", opens=date(2027, 1, 15 + n), deadlines=())) for n in range(5)]
    digest = plan(calls)  # max_calls 5: half of it, two
    assert keys(digest, Section.FORTHCOMING) == ["F0", "F1"]
    assert digest.totals.forthcoming == 5
    assert digest.totals.waiting == 3


def test_a_call_told_once_is_not_new_again() -> None:
    digest = plan([stored(call("A"))], tellings=[told(call("A"))])
    assert digest.empty
    assert digest.totals.standing == 1


def test_a_new_call_that_closes_soon_is_in_the_new_section_only() -> None:
    digest = plan([stored(call("A", deadlines=(on(2026, 11, 20),)))])
    assert [i.section for i in digest.items] == [Section.NEW]
    assert digest.items[0].days_left == 4


# --- reminders --------------------------------------------------------------------------------


def test_a_told_call_is_reminded_of_once_when_three_weeks_are_left() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    first = plan([stored(soon)], tellings=[told(soon, days_ago=28)])
    assert keys(first, Section.CLOSING) == ["A"]
    assert plan([stored(soon)], tellings=list(first.told), now=NOW + WEEK).empty


def test_a_missed_week_still_brings_the_reminder() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    digest = plan([stored(soon)], tellings=[told(soon, days_ago=28)], now=NOW + 2 * WEEK)
    assert keys(digest, Section.CLOSING) == ["A"]


def test_an_answered_call_is_not_reminded_of() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    given = answer(soon, days_ago=20)
    assert plan([stored(soon)], tellings=[told(soon)], answers={soon.key: given}).empty


def test_a_call_that_no_longer_suits_is_not_reminded_of() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    assert plan([stored(soon)], [match(soon, 0.1)], [told(soon)]).empty
    assert plan([stored(soon)], [match(soon, eligibility=NO)], [told(soon)]).empty


def test_the_next_cut_off_of_a_call_gets_its_own_reminder() -> None:
    rolling = call("A", deadlines=(at(2026, 11, 10), at(2026, 11, 30)))
    reminded_of_first = told(rolling, Section.CLOSING, days_ago=14)
    assert keys(plan([stored(rolling)], tellings=[reminded_of_first]), Section.CLOSING) == ["A"]


def test_a_change_told_within_the_last_weeks_is_reminder_enough() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    assert plan([stored(soon)], tellings=[told(soon, Section.CHANGED, days_ago=2)]).empty


def test_a_call_that_both_closes_and_changed_comes_once_with_its_changes() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    before = replace(soon, deadlines=(on(2026, 12, 17),))
    digest = plan([stored(soon)], tellings=[told(before)])
    (item,) = digest.items
    assert item.section is Section.CLOSING
    assert [c.field for c in item.changes] == ["deadlines"]


# --- changes ----------------------------------------------------------------------------------


def test_a_moved_deadline_is_told_as_before_and_after() -> None:
    now_call = call("A", deadlines=(at(2027, 2, 18),))
    digest = plan([stored(now_call)], tellings=[told(replace(now_call, deadlines=(at(2027, 1, 21),)))])
    (item,) = digest.section(Section.CHANGED)
    (change,) = item.changes
    assert (change.field, change.before, change.after) == (
        "deadlines",
        (at(2027, 1, 21),),
        (at(2027, 2, 18),),
    )
    assert plan([stored(now_call)], tellings=list(digest.told), now=NOW + WEEK).empty


def test_only_fields_a_reader_cares_about_are_changes() -> None:
    before = call("A")
    after = replace(
        before,
        title="New title",
        text="New text",
        conditions="x",
        keywords=("a",),
        links=("https://x.example",),
        rate_raw="40 %",
        applicants_raw="who",
        url="https://elsewhere.example/",
    )
    assert changes_since(told(before), stored(after), NOW) == ()


def test_each_field_a_reader_cares_about_is_a_change() -> None:
    before = call("A", opens=date(2027, 1, 10))
    after = replace(
        before,
        opens=date(2027, 1, 12),
        deadlines=(at(2027, 3, 1),),
        budget=Money(amount=Decimal(5), currency="EUR"),
        grant_minimum=Money(amount=Decimal(1), currency="EUR"),
        grant_maximum=Money(amount=Decimal(2), currency="EUR"),
        rate_maximum=Decimal("0.6"),
        applicants=(Applicant.MUNICIPALITY,),
        geography=("SE12",),
    )
    found = {c.field for c in changes_since(told(before), stored(after), NOW)}
    assert found == {
        "opens",
        "deadlines",
        "budget",
        "grant_minimum",
        "grant_maximum",
        "rate",
        "applicants",
        "geography",
    }


def test_a_cut_off_that_passed_and_left_the_page_is_no_change() -> None:
    before = call("A", deadlines=(at(2026, 11, 10), at(2027, 1, 8)))
    assert changes_since(told(before), stored(replace(before, deadlines=(at(2027, 1, 8),))), NOW) == ()


def test_a_time_given_for_a_day_is_a_change() -> None:
    before = call("A", deadlines=(on(2027, 1, 8),))
    (change,) = changes_since(told(before), stored(replace(before, deadlines=(at(2027, 1, 8),))), NOW)
    assert change.field == "deadlines"


def test_a_forthcoming_call_that_opened_is_told_as_changed() -> None:
    before = call("A", planned=True, opens=None, deadlines=())
    after = replace(before, planned=False, deadlines=(at(2027, 3, 1),))
    found = [c.field for c in changes_since(told(before, Section.FORTHCOMING), stored(after), NOW)]
    assert found == ["status", "deadlines"]


def test_a_told_call_that_closed_is_told_once() -> None:
    over = call("A", deadlines=(at(2026, 11, 10),))
    digest = plan([stored(over)], [], [told(over, days_ago=14)])
    (item,) = digest.section(Section.CHANGED)
    assert (item.changes[0].before, item.changes[0].after) == (Status.OPEN, Status.CLOSED)
    assert plan([stored(over)], [], list(digest.told), now=NOW + WEEK).empty


def test_a_call_that_closed_long_ago_is_no_news() -> None:
    over = call("A", deadlines=(at(2026, 9, 1),))
    assert plan([stored(over)], [], [told(over, days_ago=100)]).empty


def test_a_told_call_that_was_withdrawn_is_told_once() -> None:
    gone = stored(call("A"), withdrawn_at=NOW - timedelta(days=1))
    digest = plan([gone], [], [told(call("A"))])
    assert [c.after for c in digest.items[0].changes] == [Status.WITHDRAWN]
    assert plan([gone], [], list(digest.told), now=NOW + WEEK).empty


def test_a_closed_call_given_a_new_deadline_is_told_as_open_again() -> None:
    over = call("A", deadlines=(at(2026, 11, 10),))
    reopened = replace(over, deadlines=(at(2027, 2, 1),))
    found = [c.field for c in changes_since(told(over, Section.CHANGED, 3), stored(reopened), NOW)]
    assert found == ["status", "deadlines"]


def test_a_told_call_that_the_store_no_longer_holds_disturbs_nothing() -> None:
    assert plan([], [], [told(call("A"))]).empty


# --- facts ------------------------------------------------------------------------------------


def only(stored_call: StoredCall, **fields: object) -> Digest:
    digest = plan([stored_call], **fields)  # type: ignore[arg-type]
    assert len(digest.items) == 1
    return digest


def test_the_last_meeting_before_the_deadline_and_its_papers_are_named() -> None:
    (item,) = only(stored(call(deadlines=(at(2027, 2, 4),)))).items
    assert item.decision is not None
    assert item.decision.timing is Timing.IN_TIME
    assert (item.decision.meeting, item.decision.papers_due) == (date(2027, 1, 27), date(2027, 1, 13))
    assert item.decision.calendar_ends is None


def test_a_meeting_on_the_last_day_itself_is_not_before_it() -> None:
    (item,) = only(stored(call(deadlines=(at(2027, 1, 27),)))).items
    assert item.decision is not None
    assert item.decision.meeting == date(2026, 12, 16)


def test_papers_already_due_mean_that_it_cannot_be_decided_in_time() -> None:
    (item,) = only(stored(call(deadlines=(at(2026, 12, 1),)))).items
    assert item.decision is not None
    assert item.decision.timing is Timing.TOO_LATE
    assert (item.decision.meeting, item.decision.papers_due) == (date(2026, 11, 25), date(2026, 11, 11))


def test_without_registered_meetings_nothing_is_claimed_about_the_decision() -> None:
    committee = COMMITTEE.model_copy(update={"meetings": ()})
    (item,) = only(stored(call()), committee=committee).items
    assert item.decision is not None
    assert item.decision.timing is Timing.UNKNOWN


def test_a_calendar_that_ends_before_the_deadline_is_said_to_end() -> None:
    (item,) = only(stored(call(deadlines=(at(2027, 9, 1),)))).items
    assert item.decision is not None
    assert item.decision.meeting == item.decision.calendar_ends == date(2027, 3, 24)


def test_the_rate_is_the_calls_own_or_else_the_programmes_and_marked_so() -> None:
    silent = call(programme="esf", family=Family.STRUCTURAL)
    (item,) = only(stored(silent)).items
    assert item.rate is not None
    assert (item.rate.lowest, item.rate.origin) == (Decimal("0.4"), Origin.PROGRAMME)
    (item,) = only(stored(replace(silent, rate_maximum=Decimal("0.6")))).items
    assert item.rate is not None
    assert (item.rate.highest, item.rate.origin) == (Decimal("0.6"), Origin.CALL)


def test_euros_are_given_in_kronor_too_at_the_configured_rate() -> None:
    (item,) = only(stored(call(budget=Money(amount=Decimal(2_000_000), currency="EUR")))).items
    assert item.budget == Amount(
        money=Money(amount=Decimal(2_000_000), currency="EUR"), sek=Decimal(22_100_000)
    )


def test_the_own_contribution_is_what_the_rate_leaves_of_the_largest_grant() -> None:
    given = call(grant_maximum=Money(amount=Decimal(700), currency="SEK"), rate_maximum=Decimal("0.7"))
    (item,) = only(stored(given)).items
    assert item.own_contribution == Amount(money=Money(amount=Decimal(300), currency="SEK"))


def test_own_partners_are_named_only_in_countries_that_may_take_part() -> None:
    horizon = PROGRAMMES["horizon-europe"]
    nordic = horizon.model_copy(update={"partner_countries": ("SE", "FI")})
    given = stored(call(consortium=Consortium(partners=3)))
    assert [f.name for f in only(given).items[0].friends] == ["Erlangen", "Linz"]
    assert only(given, programmes={"horizon-europe": nordic}).items[0].friends == ()


def test_a_call_that_one_party_can_apply_for_names_no_partners() -> None:
    (item,) = only(stored(call(consortium=Consortium(partners=1)))).items
    assert (item.friends, item.networks) == ((), ())


def test_a_swedish_fund_without_known_partner_countries_names_no_twin_towns() -> None:
    given = call(family=Family.STRUCTURAL, programme=None, consortium=Consortium(partners=2))
    (item,) = only(stored(given)).items
    assert item.friends == ()
    assert item.networks == MUNICIPALITY.networks


def test_days_left_are_counted_in_swedish_days() -> None:
    late = Deadline(at=datetime(2026, 11, 16, 23, 59, tzinfo=STOCKHOLM), precision=Precision.TIME)
    (item,) = only(stored(call(deadlines=(late,)))).items
    assert item.days_left == 0


# --- the whole --------------------------------------------------------------------------------


def test_sections_come_in_their_order_and_each_call_once() -> None:
    digest = rich_digest()
    order = [item.section for item in digest.items]
    assert order == sorted(order, key=list(Section).index)
    assert max(Counter(i.key for i in digest.items).values()) == 1
    assert {s: len(digest.section(s)) for s in Section} == {
        Section.CLOSING: 1,
        Section.CHANGED: 2,
        Section.NEW: 3,
        Section.FORTHCOMING: 1,
        Section.ANSWERED: 0,
    }


def test_every_current_call_is_accounted_for_in_the_totals() -> None:
    digest = rich_digest()
    t = digest.totals
    current = [i for i in digest.items if i.status in (Status.OPEN, Status.UNKNOWN, Status.FORTHCOMING)]
    assert t.open + t.forthcoming == len(current) + t.standing + t.waiting + t.below + t.excluded


deadlines = st.lists(
    st.integers(-40, 200).map(
        lambda d: Deadline(at=NOW + timedelta(days=d, hours=3), precision=Precision.TIME)
    ),
    max_size=3,
    unique=True,
)


@given(
    st.lists(st.tuples(deadlines, deadlines, st.booleans(), st.floats(0, 1), st.booleans()), max_size=12),
    st.integers(1, 5),
)
def test_planning_the_next_week_never_repeats_news_and_reaches_quiet(
    drawn: list[tuple[list[Deadline], list[Deadline], bool, float, bool]], limit: int
) -> None:
    calls, matches, ledger = [], [], {}
    for number, (before, after, known, score, excluded) in enumerate(drawn):
        given_call = call(f"N{number}", deadlines=tuple(after))
        calls.append(stored(given_call))
        matches.append(
            match(given_call, score, **({"eligibility": NO} if excluded else {})),  # type: ignore[arg-type]
        )
        if known:
            ledger[given_call.key] = told(replace(given_call, deadlines=tuple(before)))
    committee = COMMITTEE.model_copy(update={"digest": DigestSchedule(max_calls=limit)})
    told_new: list[str] = []
    for week in range(3):
        digest = plan(calls, matches, list(ledger.values()), committee=committee, now=NOW + week * WEEK)
        fresh = keys(digest, Section.NEW)
        assert len(fresh) <= limit
        assert not set(fresh) & set(told_new)
        assert len({i.key for i in digest.items}) == len(digest.items)
        assert all(
            i.match and i.match.band is not Band.WEAK and i.match.eligibility.verdict is not Verdict.EXCLUDED
            for i in digest.section(Section.NEW)
        )
        told_new += fresh
        again = plan(
            calls,
            matches,
            list((ledger | {t.key: t for t in digest.told}).values()),
            committee=committee.model_copy(update={"digest": DigestSchedule(max_calls=30)}),
            now=NOW + week * WEEK,
        )
        # Told is told: planned again the same minute, only what had waited is left.
        assert not {i.key for i in again.items} & {i.key for i in digest.items}
        ledger |= {t.key: t for t in digest.told}


def test_the_ledger_holds_each_call_as_it_was_told() -> None:
    digest = rich_digest()
    assert all(isinstance(t, Told) and t.told_at == NOW and t.period == "2026-W47" for t in digest.told)
    assert [t.call for t in digest.told] == [i.call for i in digest.items]


# --- answers ----------------------------------------------------------------------------------


def test_an_answer_is_shown_once_and_its_call_is_no_longer_new_or_pressing() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    ledger = [told(soon)]
    given = answer(soon, AnswerKind.WATCH)
    digest = plan([stored(soon)], tellings=ledger, answers={soon.key: given})
    assert [(i.section, i.answer) for i in digest.items] == [(Section.ANSWERED, given)]
    next_week = plan([stored(soon)], tellings=list(digest.told), answers={soon.key: given}, now=NOW + WEEK)
    assert next_week.empty
    assert next_week.totals.standing == 1


def test_an_answer_to_a_call_never_told_is_shown_and_the_call_is_not_new() -> None:
    digest = plan([stored(call("A"))], answers={call("A").key: answer(call("A"))})
    assert keys(digest, Section.ANSWERED) == ["A"]
    assert keys(digest, Section.NEW) == []


def test_a_later_answer_is_shown_again() -> None:
    a = call("A")
    later = answer(a, AnswerKind.APPLIED)
    digest = plan([stored(a)], tellings=[told(a, Section.ANSWERED, 7)], answers={a.key: later})
    assert keys(digest, Section.ANSWERED) == ["A"]


@pytest.mark.parametrize("kind", [AnswerKind.INTERESTED, AnswerKind.PARTNER, AnswerKind.APPLIED])
def test_who_is_interested_still_hears_of_changes(kind: AnswerKind) -> None:
    before = call("A")
    moved = call("A", deadlines=(at(2027, 2, 8),))
    given = answer(before, kind, days_ago=20)
    digest = plan([stored(moved)], tellings=[told(before)], answers={before.key: given})
    assert keys(digest, Section.CHANGED) == ["A"]


@pytest.mark.parametrize("kind", [AnswerKind.NOT_FOR_US, AnswerKind.GRANTED, AnswerKind.REFUSED])
def test_what_is_settled_is_not_taken_up_again(kind: AnswerKind) -> None:
    before = call("A")
    moved = call("A", deadlines=(on(2026, 11, 30),))
    given = answer(before, kind, days_ago=20)
    digest = plan([stored(moved)], tellings=[told(before)], answers={before.key: given})
    assert digest.empty
    assert digest.totals.standing == 0


# --- several committees, several publishers ---------------------------------------------------


def test_a_call_for_several_committees_names_the_others_and_proposes_the_best_match_as_lead() -> None:
    a, b, c = call("A"), call("B"), call("C")
    others = {
        a.key: ("Barn- och utbildningsnämnden", "Socialnämnden"),
        b.key: ("Socialnämnden", "Kulturnämnden", "Tekniska nämnden"),
        c.key: ("Socialnämnden",),
    }
    digest = plan([stored(x) for x in (a, b, c)], concerned=others)
    assert [(i.also, i.lead) for i in digest.items] == [
        (("Barn- och utbildningsnämnden",), "Barn- och utbildningsnämnden"),
        (("Kulturnämnden", "Tekniska nämnden"), "Socialnämnden"),
        ((), None),
    ]


def test_a_call_concerns_the_committees_for_which_it_is_possible_and_not_excluded() -> None:
    a = call("A")
    found = concerned_by(
        [
            match(a, 0.6, committee="one"),
            match(a, 0.9, committee="two"),
            match(a, 0.1, committee="weak"),
            match(a, 0.95, committee="excluded", eligibility=NO),
            match(a, 0.6, committee="as good as one, and after it in the file"),
        ]
    )
    assert found == {a.key: ("two", "one", "as good as one, and after it in the file")}


def test_the_same_call_on_other_sites_is_linked_at_most_twice() -> None:
    a = call("A")
    twins = [call("A", source=s, url=f"https://{s}.example/a") for s in ("se_esf", "other", "third")]
    (item,) = plan([stored(a)], twins={a.key: twins}).items
    assert [(link.publisher, link.url) for link in item.elsewhere] == [
        ("ESF-rådet", "https://se_esf.example/a"),
        ("other.example", "https://other.example/a"),
    ]


# --- the executive committee ------------------------------------------------------------------


def with_executive(*meetings: date, paper_days: int = 7) -> Municipality:
    executive = DecidingBody(name="Kommunstyrelsen", meetings=meetings, paper_days=paper_days)
    return MUNICIPALITY.model_copy(update={"executive": executive})


def test_when_the_executive_must_decide_too_both_meetings_are_named() -> None:
    municipality = with_executive(date(2026, 12, 9), date(2027, 1, 6), date(2027, 1, 13))
    (item,) = plan([stored(call("A"))], municipality=municipality).items
    assert item.decision is not None
    found = item.decision.executive
    assert found is not None
    # the executive's papers for 6 January are due on 30 December, after the committee's 16 December
    assert (found.timing, found.meeting) == (Timing.IN_TIME, date(2027, 1, 6))
    assert (found.committee_meeting, found.committee_papers_due) == (date(2026, 12, 16), date(2026, 12, 2))


def test_the_committee_must_meet_before_the_executives_papers_are_due() -> None:
    # papers on 13 December; the committee meets on 25 November with papers due on 11 November: passed
    municipality = with_executive(date(2026, 12, 20), date(2027, 1, 13))
    (item,) = plan([stored(call("A"))], municipality=municipality).items
    assert item.decision is not None
    assert item.decision.timing is Timing.IN_TIME
    assert item.decision.executive is not None
    assert item.decision.executive.timing is Timing.TOO_LATE


def test_an_executive_whose_meetings_end_early_is_unknown_and_it_does_not_decide_after_itself() -> None:
    unknown = with_executive(date(2026, 11, 18))
    (item,) = plan([stored(call("A"))], municipality=unknown).items
    assert item.decision is not None
    assert item.decision.executive is not None
    assert item.decision.executive.timing is Timing.UNKNOWN
    itself = COMMITTEE.model_copy(update={"name": "Kommunstyrelsen"})
    (item,) = plan([stored(call("A"))], municipality=unknown, committee=itself).items
    assert item.decision is not None
    assert item.decision.executive is None


def test_a_deadline_known_by_its_month_is_planned_for_from_the_months_first_day() -> None:
    january = Deadline(at=on(2027, 1, 31).at, precision=Precision.MONTH)
    (item,) = plan([stored(call("A", deadlines=(january,)))]).items
    assert item.decision is not None
    assert item.decision.meeting == date(2026, 12, 16)  # not 27 January


# --- rhythm -----------------------------------------------------------------------------------


def test_a_monthly_committee_is_reminded_of_what_closes_before_its_next_letter() -> None:
    closes = call("A", deadlines=(on(2026, 12, 18),))  # in 32 days; the next letter is 21 days away
    monthly = COMMITTEE.model_copy(update={"digest": DigestSchedule(every="month")})
    assert keys(plan([stored(closes)], tellings=[told(closes, days_ago=28)]), Section.CLOSING) == []
    digest = plan([stored(closes)], tellings=[told(closes, days_ago=28)], committee=monthly)
    assert keys(digest, Section.CLOSING) == ["A"]


def test_after_a_long_pause_the_letter_holds_what_is_open_and_no_backlog() -> None:
    three_months = timedelta(days=90)
    closed = [call(f"C{n}", deadlines=(on(2026, 9, 20 + n),)) for n in range(5)]
    fresh = [call(f"N{n}") for n in range(40)]
    ledger = [told(c, days_ago=three_months.days) for c in closed]
    digest = plan([stored(c) for c in (*closed, *fresh)], tellings=ledger)
    assert keys(digest, Section.CHANGED) == []
    assert len(keys(digest, Section.NEW)) == COMMITTEE.digest.max_calls
    assert digest.totals.waiting == 40 - COMMITTEE.digest.max_calls


def test_a_call_that_its_publisher_closes_without_a_date_is_told_once() -> None:
    a = call("A", deadlines=())
    over = stored(replace(a, closed=True), last_changed=NOW - timedelta(days=2))
    digest = plan([over], tellings=[told(a)])
    assert [(c.field, c.before, c.after) for i in digest.items for c in i.changes] == [
        ("status", Status.UNKNOWN, Status.CLOSED)
    ]
    assert "oklart om den är öppen → stängd" in render(digest).text
    assert plan([over], tellings=list(digest.told), now=NOW + WEEK).empty
    assert plan([over], tellings=[told(a, days_ago=90)], now=NOW + 6 * WEEK).empty


def test_a_call_that_is_back_after_it_was_told_as_withdrawn_is_told_once() -> None:
    a = call("A")
    gone = plan([stored(a, withdrawn_at=NOW - timedelta(days=1))], tellings=[told(a)])
    back = plan([stored(a)], tellings=list(gone.told), now=NOW + WEEK)
    assert [(c.before, c.after) for c in back.items[0].changes] == [(Status.WITHDRAWN, Status.OPEN)]
    assert plan([stored(a)], tellings=list(back.told), now=NOW + 2 * WEEK).empty


def test_what_finds_no_room_in_the_mail_is_not_told_and_waits() -> None:
    digest = plan([stored(call(f"A{n}")) for n in range(4)])
    shorter = digest.without_last(3)
    assert [t.source_id for t in shorter.told] == [digest.items[0].call.source_id]
    assert shorter.totals.waiting == digest.totals.waiting + 3
    assert digest.without_last(0) is digest
