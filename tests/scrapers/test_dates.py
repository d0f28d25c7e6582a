"""Dates as publishers write them: every form collected, a table of our own, and properties."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import BRUSSELS, STOCKHOLM, Precision
from matcher.errors import ParseError
from matcher.scrapers import dates
from matcher.scrapers.dates import Context, Kind, Reading, When, read, window

FORMS = Path(__file__).parents[2].parent / "shared" / "facts" / "dates_sv.tsv"
#: what the label says under which the collected phrase stood, where the phrase itself has no word for it
LABELS = {"close": "Sista ansökningsdag", "close-multi": "Sista ansökningsdag", "open": "Öppnar"}
from_words = str.split
MONTHS = from_words("januari februari mars april maj juni juli augusti september oktober november december")
ENGLISH = from_words("January February March April May June July August September October November December")


def written(when: When) -> str:
    """A date the way facts/dates_sv.tsv writes it."""
    text = f"{when.year or '?'}-{when.month:02d}" + (f"-{when.day:02d}" if when.day else "")
    if when.clock is None or when.year is None or when.day is None:
        return text
    at = datetime.combine(date(when.year, when.month, when.day), when.clock, when.zone or STOCKHOLM)
    return at.isoformat(timespec="minutes")


def summary(readings: tuple[Reading, ...]) -> str:
    """All readings of a phrase in the notation of the collected table."""
    if [r.kind for r in readings] == [Kind.OPENS, Kind.CLOSES]:
        return f"{written(readings[0].start)}/{written(readings[1].end)}"  # type: ignore[arg-type]
    out = []
    for r in readings:
        if r.kind is Kind.OPENS and r.end:
            out.append(f"{written(r.start)}..{written(r.end)}")  # type: ignore[arg-type]
        elif r.start and r.end:
            out.append(f"{written(r.start)}/{written(r.end)}")
        else:
            out.append(written(r.start or r.end))  # type: ignore[arg-type]
    return ";".join(out)


def kinds(readings: tuple[Reading, ...]) -> set[Kind]:
    return {r.kind for r in readings}


def collected() -> list[dict[str, str]]:
    if not FORMS.exists():
        return []
    with FORMS.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.skipif(not FORMS.exists(), reason="the collected date forms are not here")
def test_every_collected_form_is_read_as_the_table_says() -> None:
    wrong = []
    for row in collected():
        phrase, expected, kind = row["phrase_as_seen"].replace("\\n", "\n"), row["expected"], row["kind"]
        bare = kinds(read(phrase)) == {Kind.BARE}
        found = read(phrase, label=LABELS[kind] if bare else "")
        if expected in ("null", "osäkert"):
            good = found == ()
        elif expected == "årligen":  # every year: two windows, none with a year
            good = [bool(r.end and r.end.year) for r in found] == [False, False]
        else:
            good = summary(found) == expected
        wanted = {
            "open": {Kind.OPENS},
            "close": {Kind.CLOSES},
            "close-multi": {Kind.CLOSES},
            "range": {Kind.RANGE},
            "range-multi": {Kind.RANGE},
            "recurring": {Kind.RANGE},
        }.get(kind, {Kind.OTHER})
        good = good and (not found or kinds(found) == wanted or ("/" in expected and len(kinds(found)) == 2))
        if not good:
            wrong.append((phrase, expected, kind, summary(found), kinds(found)))
    assert wrong == []
    assert len(collected()) == 88


OWN = [
    ("Stänger 3 februari 2027", "closes", "2027-02-03"),
    ("Stängd 30 januari 2027", "closes", "2027-01-30"),
    ("Stängdes den 2 maj 2026", "closes", "2026-05-02"),
    ("Öppnar 29 mars 2027", "opens", "2027-03-29"),
    ("Öppnar: 1 juli 2027", "opens", "2027-07-01"),
    ("Öppnar: juni 2027", "opens", "2027-06"),
    ("Utlysningen öppnar den 9 augusti 2027", "opens", "2027-08-09"),
    ("Utlysningen öppnar i november", "opens", "?-11"),
    ("Ansökan öppnas den andra november 2027", "opens", "2027-11-02"),
    ("Startdatum: 14 juni 2027", "opens", "2027-06-14"),
    ("Slutdatum: 17 september 2027", "closes", "2027-09-17"),
    ("Sista ansökningsdag 4 mars 2027 kl 16:00", "closes", "2027-03-04T16:00+01:00"),
    ("Sista ansökningsdag 4 juli 2027 kl. 16.00", "closes", "2027-07-04T16:00+02:00"),
    ("Sista ansökningsdag: 4 juli 2027, klockan 9.30", "closes", "2027-07-04T09:30+02:00"),
    ("Sista ansökningsdag 4 juli 2027 kl 16", "closes", "2027-07-04T16:00+02:00"),
    ("Sista ansökningsdatum: 11 oktober 2027", "closes", "2027-10-11"),
    ("Sista dag för ansökan 2027-02-25 14:00", "closes", "2027-02-25T14:00+01:00"),
    ("Sista dagen att söka är den 8 juni 2027.", "closes", "2027-06-08"),
    ("Sista dag att söka 2027 var den 9 april", "closes", "2027-04-09"),
    ("Den 21 maj 2027 är sista dagen att söka", "closes", "2027-05-21"),
    ("12 maj 2027 kl 23:59 | Sista ansökningsdag", "closes", "2027-05-12T23:59+02:00"),
    ("12 maj 2027 | Utlysningen öppnar", "opens", "2027-05-12"),
    ("12 maj 2027 | Informationsmöte", "other", "2027-05-12"),
    ("12 maj 2027 | Beslut meddelas", "other", "2027-05-12"),
    ("Ansök senast den 5 april 2027", "closes", "2027-04-05"),
    ("Ansök senast 5 april.", "closes", "?-04-05"),
    (
        "Ansökan ska ha kommit in senast den 7 april eller den 6 oktober 2027",
        "closes",
        "2027-04-07;2027-10-06",
    ),
    ("senast 1 februari, 1 maj och 1 september 2027", "closes", "2027-02-01;2027-05-01;2027-09-01"),
    ("sista ansökningsdag 1 mars samt 1 november", "closes", "?-03-01;?-11-01"),
    ("öppen till 30:e april", "closes", "?-04-30"),
    ("Öppen för ansökan till och med 30 april 2027", "closes", "2027-04-30"),
    ("t.o.m. 30 april 2027", "closes", "2027-04-30"),
    ("Ansökningstiden gick ut... Ansökningstiden har gått ut 2 juni 2026", "closes", "2026-06-02"),
    ("beräknas stänga i slutet av maj 2027", "closes", "2027-05"),
    ("kl. 11.00 (CET), 19 februari 2027 | Sista ansökningsdag", "closes", "2027-02-19T11:00+01:00"),
    ("Utlysningen stänger 9/6 – 2027", "closes", "2027-06-09"),
    ("från 1 december 2026 till 1 mars 2027", "range", "2026-12-01/2027-03-01"),
    ("från och med 1 april till och med 3 maj 2027", "range", "2027-04-01/2027-05-03"),
    ("Utlysningsperiod: 3 maj – 4 juni 2027", "range", "2027-05-03/2027-06-04"),
    ("Utlysningsperiod: 3 november – 4 februari 2027", "range", "2026-11-03/2027-02-04"),
    ("Utlysningsperiod: November – Januari 2027", "range", "2026-11/2027-01"),
    ("Ansökningsperiod: 2027-03-01 – 2027-04-15", "range", "2027-03-01/2027-04-15"),
    ("2027-03-01--2027-04-15 (vecka 9-15)", "range", "2027-03-01/2027-04-15"),
    ("Ansökan är öppen 1–24 mars 2027", "range", "2027-03-01/2027-03-24"),
    ("Ansök mellan 5 och 19 maj 2027", "range", "2027-05-05/2027-05-19"),
    ("mellan den 5 november och den 9 januari 2027", "range", "2026-11-05/2027-01-09"),
    ("3/5-18/6", "range", "?-05-03/?-06-18"),
    ("öppen från mitten av mars till 9:e april", "range", "?-03/?-04-09"),
    ("1 mars–2 april samt 1 september–2 oktober", "range", "?-03-01/?-04-02;?-09-01/?-10-02"),
    ("Ansökningsomgång 3 pågår 4 maj till och med 8 juni", "range", "?-05-04/?-06-08"),
    ("Granskad: den 4 december 2026", "other", "2026-12-04"),
    ("Publicerad 4 december 2026", "other", "2026-12-04"),
    ("Senast uppdaterad 4 december 2026", "other", "2026-12-04"),
    ("Felet ska vara åtgärdat senast den 2 mars", "other", "?-03-02"),
    ("Redovisning lämnas senast 31 mars 2027", "other", "2027-03-31"),
    ("Webbinarium för sökande 3 mars 2027", "other", "2027-03-03"),
    ("Anmäl dig senast 3 mars 2027", "other", "2027-03-03"),
    ("Beslut fattas senast den 20 juni 2027", "other", "2027-06-20"),
    ("Projektstart tidigast 1 september 2027", "other", "2027-09-01"),
    ("The call closes on 3 June 2027", "closes", "2027-06-03"),
    ("Deadline: June 3, 2027 5:00 PM", "closes", "2027-06-03T17:00+02:00"),
    ("Deadline: 3 June 2027 17:00 (Europe/Brussels)", "closes", "2027-06-03T17:00+02:00"),
    ("Deadline: 3 June 2027 17:00 (EET)", "closes", "2027-06-03T17:00+03:00"),
    ("Deadline 03.06.2027 17:00", "closes", "2027-06-03T17:00+02:00"),
    ("Deadline: 3-Jun-27", "closes", "2027-06-03"),
    ("The call opens on 1st February 2027", "opens", "2027-02-01"),
    ("between 3rd March and 22nd April 2027", "range", "2027-03-03/2027-04-22"),
    ("3 March - 22 April 2027", "range", "2027-03-03/2027-04-22"),
    ("Edited on 03/02/2027", "other", "2027-02-03"),
    ("Updated on 3 February 2027", "other", "2027-02-03"),
    ("Vecka 12 och 50/50 delning, 16.30", "", ""),
    ("Stänger: inte bestämt", "", ""),
    ("Stänger: 1900-01-01T00:00:00", "", ""),
    ("Diarienummer 2027/00131, telefon 08-123 45 67", "", ""),
    ("spring 2027", "", ""),
]


@pytest.mark.parametrize(("text", "kind", "expected"), OWN, ids=[o[0][:50] for o in OWN])
def test_a_form_is_read(text: str, kind: str, expected: str) -> None:
    found = read(text)
    assert (summary(found), {str(k) for k in kinds(found)}) == (expected, {kind} - {""})


def test_a_day_ends_at_its_last_second_in_the_publishers_zone() -> None:
    (deadline,) = window("Stänger 3 februari 2027").deadlines
    assert deadline.at == datetime(2027, 2, 3, 23, 59, 59, tzinfo=STOCKHOLM)
    assert (deadline.precision, deadline.raw) == (Precision.DAY, "Stänger 3 februari 2027")


def test_a_month_ends_on_its_last_day_and_opens_no_earlier() -> None:
    found = window("Utlysningsperiod: Februari – April 2028")
    assert (found.opens, found.opens_precision) == (date(2028, 2, 29), Precision.MONTH)
    assert [(d.day, d.precision) for d in found.deadlines] == [(date(2028, 4, 30), Precision.MONTH)]


def test_a_day_without_a_year_gets_none_invented() -> None:
    assert window("Ansök senast den 24 februari") == dates.Window()


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (Context(year=2029), date(2029, 2, 24)),
        (Context(published=date(2027, 2, 5)), date(2027, 2, 24)),
        (Context(published=date(2026, 11, 5)), date(2027, 2, 24)),
        (Context(published=date(2027, 3, 5)), date(2027, 2, 24)),  # updated after it had closed
    ],
)
def test_a_day_without_a_year_gets_the_year_of_the_page_and_says_so(context: Context, expected: date) -> None:
    (deadline,) = window("Ansök senast den 24 februari", context=context).deadlines
    assert (deadline.day, deadline.precision) == (expected, Precision.DAY_WITHOUT_YEAR)


def test_a_window_over_new_year_gets_both_years_from_the_page() -> None:
    found = window("Ansökan är öppen 20 november – 15 januari", context=Context(published=date(2026, 11, 1)))
    assert (found.opens, found.deadlines[0].day) == (date(2026, 11, 20), date(2027, 1, 15))


def test_the_29th_of_february_waits_for_a_leap_year() -> None:
    (deadline,) = window(
        "Ansök senast den 29 februari", context=Context(published=date(2027, 1, 5))
    ).deadlines
    assert deadline.day == date(2028, 2, 29)


def test_a_clock_time_in_the_next_sentence_belongs_to_the_deadline() -> None:
    text = "Utlysningsperiod: 11 januari 2027 – 26 mars 2027\nUtlysningen stänger kl 15:00."
    (deadline,) = window(text).deadlines
    assert (deadline.iso, deadline.precision) == ("2027-03-26T15:00+01:00", Precision.TIME)


def test_dates_of_anything_else_are_no_deadlines() -> None:
    text = (
        "Projekten pågår 1 januari 2028 – 31 december 2029.\nPublicerad 4 januari 2027.\nFrukost 3 maj 2027."
    )
    assert not window(text).stated


def test_undecided_and_continuous_are_said() -> None:
    assert window("Öppnar: Maj 2027\nStänger: Ej bestämt").undecided
    assert window("Du kan söka löpande under året.").continuous


@pytest.mark.parametrize(
    ("text", "continuous"),
    [
        ("Utlysningen är öppen tills vidare.", True),
        ("The call is open until further notice.", True),
        ("Stänger: tills vidare stängd", False),
        ("Ansökan är stängd tills vidare.", False),
        ("Utlysningen är inte öppen tills vidare.", False),
        ("The call is closed until further notice.", False),
    ],
)
def test_open_until_further_notice_is_continuous_and_closed_until_then_is_not(
    text: str, continuous: bool
) -> None:
    assert window(text).continuous is continuous


def test_a_label_makes_a_bare_date_a_deadline() -> None:
    assert [d.iso for d in window("4 oktober 2027 klockan 12.00", label="Ansökningstider").deadlines] == [
        "2027-10-04T12:00+02:00"
    ]
    assert window("4 oktober 2027").deadlines == ()


@pytest.mark.parametrize(
    "text", ["Stänger 31 februari 2027", "Stänger 09/15/27", "Publicerad 02/03/27", "Stänger 13.13.2027"]
)
def test_what_is_no_date_or_two_dates_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


@pytest.mark.parametrize("text", ["2027-02-30", "15/09/2027", "soon", "", "2027-02"])
def test_an_index_must_write_iso_dates(text: str) -> None:
    with pytest.raises(ParseError):
        dates.day(text)


def test_a_time_with_utc_is_converted_and_midnight_is_a_day() -> None:
    (at_noon,) = window("Deadline: 2027-06-03T12:00:00Z", zone=BRUSSELS).deadlines
    (as_day,) = window("Deadline: 2027-06-03T00:00:00Z", zone=BRUSSELS).deadlines
    assert (at_noon.at, as_day.precision) == (datetime(2027, 6, 3, 12, tzinfo=UTC), Precision.DAY)


def test_the_newest_day_of_publishing_counts() -> None:
    assert dates.published(
        "Publicerad 4 januari 2027. Uppdaterad 9 februari 2027.\nStänger 1 maj 2027"
    ) == date(2027, 2, 9)
    assert dates.published("Stänger 1 maj 2027") is None


days = st.dates(date(2015, 1, 1), date(2040, 12, 31))
clocks = st.times().map(lambda t: time(t.hour, t.minute))


@given(days, st.sampled_from(["{d} {m} {y}", "{d}:e {m} {y}", "den {d} {m} {y}", "{y}-{mm:02d}-{d:02d}"]))
def test_a_day_survives_being_written(day: date, form: str) -> None:
    text = form.format(d=day.day, m=MONTHS[day.month - 1], y=day.year, mm=day.month)
    (deadline,) = window(f"Sista ansökningsdag {text}.").deadlines
    assert (deadline.day, deadline.precision) == (day, Precision.DAY)


@given(days, clocks)
def test_a_time_survives_being_written(day: date, clock: time) -> None:
    text = f"The call closes on {day.day} {ENGLISH[day.month - 1]} {day.year} {clock:%H:%M} (Europe/Brussels)"
    (deadline,) = window(text, zone=BRUSSELS).deadlines
    assert deadline.at == datetime.combine(day, clock, BRUSSELS)


@given(days, days)
def test_a_window_survives_being_written_with_one_year(first: date, last: date) -> None:
    first, last = sorted((first, last))
    if (last - first).days >= 364:
        last = date(first.year, 12, 31)
    begin, end = (f"{d.day} {MONTHS[d.month - 1]}" for d in (first, last))
    text = f"Ansökningstiden är {begin} till {end} {last.year}."
    found = window(text)
    if (first.month, first.day) <= (last.month, last.day) and first.year != last.year:
        first = first.replace(year=last.year) if (first.month, first.day) != (2, 29) else first
    if first.year == last.year or (first.month, first.day) > (last.month, last.day):
        assert (found.opens, found.deadlines[0].day) == (first, last)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = window(text, context=Context(published=date(2027, 1, 1)), label="Sista ansökningsdag")
    except ParseError:
        return
    assert all(d.at.tzinfo is not None for d in found.deadlines)


PILE = from_words(
    "0 1 2 3 12 31 99 . : / - – maj mars kl (CET) och till den 2027 stänger öppnar | 1:a första"
)


@given(st.lists(st.sampled_from(PILE), max_size=14))
def test_any_pile_of_date_words_is_read_or_refused(words: list[str]) -> None:
    try:
        found = window(" ".join(words), context=Context(year=2027))
    except ParseError:
        return
    assert all(d.at.tzinfo is not None and 1 <= d.day.month <= 12 for d in found.deadlines)


@pytest.mark.parametrize(
    ("text", "opens", "deadlines"),
    [
        ("Ansök 1 till 31 mars och 1 till 31 oktober varje år.", "2027-03-01", ["2027-03-31"]),
        ("Ansök 1 mars till 31 mars varje år.", "2027-03-01", ["2027-03-31"]),
        ("Öppen för ansökan till 3 maj\nUtlysningen stänger 3 maj 2028.", "None", ["2028-05-03"]),
    ],
)
def test_a_year_is_borrowed_only_where_no_better_one_stands(
    text: str, opens: str, deadlines: list[str]
) -> None:
    found = dates.window(text, context=dates.Context(published=date(2026, 11, 5)))
    assert (str(found.opens), [d.iso for d in found.deadlines]) == (opens, deadlines)
    assert len({d.precision for d in found.deadlines}) == 1


@pytest.mark.parametrize(
    "text", ["Publicerad 1 mars 2027.", "Senast uppdaterad 1 mars 2027", "Granskad: i går"]
)
def test_a_stamp_is_told_from_a_deadline(text: str) -> None:
    assert dates.is_stamp(text)
    assert not dates.is_stamp(f"Ansök före 1 april. {text}")
