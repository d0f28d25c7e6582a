"""Reasons say the words that count, the longest phrase of each, and nothing by the way."""

from matcher.domain import Reason, Term


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
