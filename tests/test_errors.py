"""The exceptions that are raised on purpose come whole out of a worker process."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from matcher.errors import ConfigError, DeferredError, FetchError, MatcherError, SkipRecord
from matcher.scrapers.fetch import _AnswerError

RAISED = [
    ConfigError(["a.yaml:1:1 wrong", "a.yaml:2:1 wrong too"]),
    ConfigError([]),
    FetchError("https://x.se/: 503", url="https://x.se/", status=503),
    _AnswerError("slow down", url="https://x.se/", status=429, passing=True, wait=60.0),
    DeferredError("not now"),
    SkipRecord("a list of results"),
]


def every_kind(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in every_kind(sub))]


@pytest.mark.parametrize("error", RAISED, ids=lambda e: type(e).__name__)
def test_an_error_keeps_kind_text_and_fields(error: Exception) -> None:
    error.add_note("while reading se_esf")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        same = pickle.loads(pickle.dumps(error, protocol))
        assert (type(same), str(same), same.args) == (type(error), str(error), error.args)
        assert vars(same) == vars(error)
    assert vars(copy.copy(error)) == vars(error)


@pytest.mark.parametrize("kind", every_kind(MatcherError), ids=lambda k: k.__name__)
def test_every_kind_of_error_can_be_pickled(kind: type[Exception]) -> None:
    error = kind.__new__(kind, "why")
    assert str(pickle.loads(pickle.dumps(error))) == "why"


def refuse() -> None:
    raise ConfigError(["a.yaml:1:1 wrong", "a.yaml:2:1 wrong too"])


@pytest.mark.slow
def test_an_error_of_a_worker_process_can_be_shown() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(ConfigError) as caught,
    ):
        pool.submit(refuse).result()
    assert caught.value.problems == ["a.yaml:1:1 wrong", "a.yaml:2:1 wrong too"]
    assert str(caught.value) == "a.yaml:1:1 wrong\na.yaml:2:1 wrong too"
