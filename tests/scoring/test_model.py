"""The TF-IDF model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer

from matcher.config.models import ChannelWeights, LexiconFile, Scoring
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Ask, Document, TfidfModel
from matcher.scoring.rank import Ranker

WORDS = [
    "äldreomsorg",
    "skola",
    "barn",
    "bibliotek",
    "cykelväg",
    "care",
    "school",
    "elderly",
    "projekt",
    "zzz",
    "och",
]
phrases = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


def best(model: TfidfModel, text: str, language: str) -> str:
    return model.documents_[int(model.score([model.query(text, language)])[0].argmax())].id


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("elderly care", "en", "c01"),
        ("äldreomsorg", "sv", "c01 c18"),
        ("quantum sensor", "en", "c15"),
        ("cykelväg", "sv", "c22"),
        ("våld i nära relationer", "sv", "c04 c25"),
        ("antibiotika", "sv", "c16"),
    ],
)
def test_the_best_call_is_found_across_languages(
    ranker: Ranker, text: str, language: str, expected: str
) -> None:
    assert best(ranker.model, text, language) in expected.split()


def test_scores_are_finite_never_negative_and_zero_for_nothing(ranker: Ranker) -> None:
    model = ranker.model
    scores = model.score(
        [model.query(text, "sv") for text in ("", "och", "\x00 <p>", "äldreomsorg", "projekt")]
    )
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert not scores[:3].any()
    assert scores[3].max() > 0


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(phrases, min_size=1, max_size=3), document=st.integers(0, 24))
def test_the_terms_of_a_reason_sum_to_the_word_part(ranker: Ranker, texts: list[str], document: int) -> None:
    model = ranker.model
    query = model.ask([Ask(text, 1.0 + i, "sv") for i, text in enumerate(texts)])
    channels = model.channels_of(query, document)
    terms = model.explain(query, document)
    assert sum(term.weight for term in terms) == pytest.approx(channels["word"], rel=1e-9, abs=1e-12)
    assert sum(channels.values()) == pytest.approx(model.score([query])[0, document], abs=1e-5)


def test_terms_show_words_as_they_stand_in_both_texts(ranker: Ranker) -> None:
    model = ranker.model
    terms = model.explain(model.query("Äldreomsorgen", "sv"), 0)
    assert {term.query for term in terms} == {"äldreomsorgen"}
    assert {term.route for term in terms} == {"lexicon"}
    assert {"elderly care", "care"} <= {term.document for term in terms}
    text = " ".join((model.documents_[0].title, model.documents_[0].text)).lower()
    assert all(word in text for term in terms for word in term.document.split())


def test_a_phrase_is_shown_with_its_small_words(ranker: Ranker) -> None:
    same = TfidfModel(lexicon=ranker.lexicon).fit(
        [
            Document(id="a", title="Våld i nära relationer", language="sv"),
            Document(id="b", title="Domestic violence and abuse", language="en"),
        ]
    )
    terms = same.explain(same.query("Motverka våld i nära relationer", "sv"), 0)
    assert ("våld i nära relationer", "våld i nära relationer") in {(t.query, t.document) for t in terms}
    assert not any("våld nära" in f"{t.query} {t.document}" for t in terms)


def test_a_text_that_the_lexicon_knows_in_part_says_less_than_one_it_knows_whole(ranker: Ranker) -> None:
    model = ranker.model
    whole, part = (
        model.channels_of(model.query(text, "sv"), 0)["word"]
        for text in ("äldreomsorg", "äldreomsorg qvzkrt pwxqvz")
    )
    assert 0 < part < whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Äldreomsorg",
        "ÄLDREOMSORG I HEMMET",
        "<p>Äldreomsorg</p><script>x</script>&nbsp;&#228;",
        "Äldreomsorg means elderly care, och long-term care är äldreomsorg",
        "äldreomsorg " * 85_000,
        "\x00\ud800 \u202e äldre\xadomsorg",
        "42 1999 !!! ---",
    ],
)
def test_any_text_gives_finite_scores_as_a_query_and_as_a_call(
    documents: list[Document], lexicon: Lexicon, text: str
) -> None:
    model = TfidfModel(lexicon=lexicon).fit([*documents, Document(id="odd", title=text[:50], text=text)])
    scores = model.score([model.query(text), model.query("äldreomsorg", "sv")])
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()


def test_the_character_channel_is_what_scikit_learn_calls_char_wb() -> None:
    texts = ["vuxenutbildning skola", "utbildning barn skola", "barn barn bibliotek utbildningar"]
    model = TfidfModel(slope=1.0, idf_floor=1.0).fit(
        [Document(id=str(i), title="", text=t, language="sv") for i, t in enumerate(texts)]
    )
    reference = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    expected = reference.fit_transform(texts)
    frequent = np.flatnonzero(np.diff(expected.tocsc().indptr) >= 2)
    names = reference.get_feature_names_out()[frequent]
    index = model.indexes_["sv"]
    ours = index.char.toarray()[[index.char_columns[name] for name in names]].T
    theirs = expected[:, frequent].toarray()
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_the_same_input_gives_the_same_scores_to_the_last_digit(
    documents: list[Document], lexicon: Lexicon
) -> None:
    def scores() -> bytes:
        model = TfidfModel(lexicon=lexicon, latent_dimensions=5).fit(documents)
        return model.score([model.query("äldreomsorg och skola", "sv")]).tobytes()

    assert scores() == scores()


def test_a_long_call_does_not_win_by_its_length() -> None:
    filler = " ".join(f"ord{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}x" for i in range(600))
    short = Document(id="short", title="Bibliotek", text="Bibliotek för barn", language="sv")
    long = Document(id="long", title="Annat", text=f"bibliotek {filler} bibliotek", language="sv")
    model = TfidfModel().fit([short, long])
    scores = model.score([model.query("bibliotek", "sv")])[0]
    assert scores[0] > 2 * scores[1]


def test_clone_and_parameters_work_as_in_scikit_learn(lexicon: Lexicon) -> None:
    model = TfidfModel(slope=0.2, channels=ChannelWeights(word=1, char=0, latent=0), lexicon=lexicon)
    copy = clone(model)
    assert copy.get_params()["slope"] == 0.2
    assert copy.set_params(slope=0.4).slope == 0.4
    with pytest.raises(NotFittedError):
        copy.score([])


def test_every_parameter_is_a_key_of_the_configuration() -> None:
    assert set(TfidfModel().get_params()) - {"lexicon"} <= set(Scoring.model_fields)
    model = TfidfModel.of(Scoring(slope=0.1))
    assert model.slope == 0.1
    for name, value in TfidfModel().get_params().items():
        if name not in ("lexicon", "channels"):
            assert value == getattr(Scoring(), name)


def test_latent_dimensions_help_with_words_that_go_together() -> None:
    rows = [("buss tåg spårvagn", 60), ("förskola grundskola fritidshem", 60)]
    documents = [
        Document(
            id=f"{n}-{i}",
            title="",
            text=" ".join(w for j, w in enumerate(text.split()) if j != i % 3),
            language="sv",
        )
        for n, (text, count) in enumerate(rows)
        for i in range(count)
    ]
    model = TfidfModel(latent_dimensions=2).fit(documents)
    scores = model.score([model.query("buss", "sv")])[0]
    without = [i for i, d in enumerate(documents) if d.id.startswith("0-") and "buss" not in d.text]
    others = [i for i, d in enumerate(documents) if d.id.startswith("1-")]
    assert scores[without].min() > scores[others].max()


@pytest.mark.parametrize(
    "documents",
    [[], [Document(id="a", title="")], [Document(id="a", title="och"), Document(id="b", title="")]],
)
def test_a_collection_without_words_scores_zero(documents: list[Document]) -> None:
    model = TfidfModel().fit(documents)
    assert not model.score([model.query("skola", "sv")]).any()


def test_two_documents_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        TfidfModel().fit([Document(id="a", title="x"), Document(id="a", title="y")])


def test_an_unknown_document_cannot_be_explained(ranker: Ranker) -> None:
    with pytest.raises(IndexError):
        ranker.model.explain(ranker.model.query("skola", "sv"), 99)


def test_a_text_of_administration_alone_hardly_moves_a_query(ranker: Ranker) -> None:
    model = ranker.model
    subject, both = (
        model.score([model.ask([Ask("äldreomsorg", 1.0, "sv"), Ask(vague, 1.0, "sv")])])[0]
        for vague in ("", "projekt")
    )
    other = model.score([model.ask([Ask("äldreomsorg", 1.0, "sv"), Ask("bibliotek", 1.0, "sv")])])[0]
    assert np.abs(both - subject).max() < np.abs(other - subject).max() / 2


def test_a_word_that_says_nothing_by_itself_says_hardly_more_in_a_phrase() -> None:
    terms = [
        {"sv": "särskilt boende", "en": ["nursing homes"], "synonyms": ["särskilda boenden"]},
        {"sv": "särskild", "noise": True},
    ]
    lexicon = Lexicon([LexiconFile.model_validate({"field": "prov", "terms": terms})])
    texts = ("En särskild satsning på hav och kust", "Nya boenden för gamla", "Skogens träd", "Snabba tåg")
    documents = [Document(id=str(n), title=text, language="sv") for n, text in enumerate(texts)]
    model = TfidfModel.of(Scoring(), lexicon).fit(documents)
    administration, subject, *_ = model.score([model.query("särskilda boenden", "sv")])[0]
    assert 0 < administration < subject / 2
