"""The letter's languages: texts/*.yaml, and dates, numbers and money as an official writes them."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from ruamel.yaml import YAML

from matcher.domain import STOCKHOLM, Amount, Deadline, Money, Precision
from matcher.errors import ConfigError

LANGUAGES = ("sv", "en")
_LOCALES = {"sv": "sv_SE", "en": "en_GB"}
#: Marks that reorder the text around them, invisible to the reader: embeddings, overrides, isolates.
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


def _visible(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Co")


def one_line(text: str, limit: int | None = None) -> str:
    """Foreign text as one harmless line: no control, reordering or half characters; cut at ``limit``."""
    if limit is not None:
        text = text[: 20 * limit]  # a whole book is not looked through for one line of it
    # first what no reader can see, then the blanks, which may have stood between two such characters
    seen = "".join(c for c in text.translate(_REORDERING) if c.isspace() or _visible(c))
    line = " ".join(seen.split())
    if limit is not None and len(line) > limit:
        # Cut between words where there is one near the end.
        line = re.sub(r"\s+\S{0,30}$", "", line[:limit]).rstrip(" ,;:–-") + "…"
    return line


class Words:
    """One language's texts, called by key: ``words("deadline.days", n=3)``; n chooses one/other."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(_LOCALES[language])
        self._texts = _texts()[language]

    def __call__(self, key: str, *, n: int | None = None, **values: Any) -> str:
        """The text of a key, filled in.

        Raises:
            KeyError: there is no such key, or a value is missing.
        """
        if n is not None:
            key = f"{key}.{'one' if n == 1 else 'other'}"
            values["n"] = self.number(n)
        return self._texts[key].format(**values)

    def number(self, value: int | Decimal) -> str:
        """``11 933 964``, ``6,6``: grouped with no-break spaces in Swedish."""
        return str(format_decimal(value, locale=self.locale)).replace("\u202f", "\u00a0")

    def day(self, day: date, *, weekday: bool = True) -> str:
        """``fredag 8 januari 2027``."""
        return str(format_date(day, "EEEE d MMMM y" if weekday else "d MMMM y", locale=self.locale))

    def deadline(self, deadline: Deadline, *, weekday: bool = True) -> str:
        """As precisely as the publisher gave it, in Swedish time: ``fredag 8 januari 2027 kl. 17.00``."""
        if deadline.precision in (Precision.MONTH, Precision.MONTH_WITHOUT_YEAR):
            text = self("deadline.month", date=format_date(deadline.day, "MMMM y", locale=self.locale))
        elif deadline.precision is Precision.TIME:
            local = deadline.at.astimezone(STOCKHOLM)
            clock = f"kl.\u00a0{local:%H.%M}" if self.language == "sv" else f"at\u00a0{local:%H:%M}"
            text = f"{self.day(local.date(), weekday=weekday)} {clock}"
            if local.utcoffset() != deadline.at.utcoffset():
                text += f" {self('deadline.local')}"
        else:
            text = self.day(deadline.day, weekday=weekday)
        if deadline.precision is Precision.PRELIMINARY:
            text = self("deadline.preliminary", date=text)
        if deadline.precision in (Precision.DAY_WITHOUT_YEAR, Precision.MONTH_WITHOUT_YEAR):
            text += f" ({self('deadline.guessed')})"
        return text

    def percent(self, share: Decimal) -> str:
        """``40 procent`` for 0.40."""
        return self("rate.percent", share=self.number(share * 100))

    def money(self, money: Money) -> str:
        """``5 miljoner euro``; amounts that are no round millions in full: ``475 311,97 euro``."""
        currency = self._texts.get(f"money.{money.currency.lower()}", money.currency)
        amount = money.amount
        if amount == 1_000_000:
            return self("money.one_million", currency=currency)
        if amount > 1_000_000 and amount % 10_000 == 0:
            return self("money.million", amount=self.number(amount / 1_000_000), currency=currency)
        return self("money.plain", amount=self.number(amount), currency=currency)

    def amount(self, amount: Amount) -> str:
        """An amount; when it is in another currency with its equivalent in kronor, to three figures."""
        text = self.money(amount.money)
        if amount.sek is None:
            return text
        return self("money.converted", amount=text, sek=self.in_kronor(amount))

    def in_kronor(self, amount: Amount) -> str:
        """Only the equivalent, to three figures; the amount itself when it has none."""
        value = amount.money.amount if amount.sek is None else amount.sek
        rounded = Decimal(f"{value:.3g}").quantize(Decimal(1))
        currency = amount.money.currency if amount.sek is None else "SEK"
        return self.money(Money(amount=rounded, currency=currency))

    def country(self, code: str) -> str:
        """``Tyskland`` for DE."""
        return str(self.locale.territories.get(code, code))

    def listed(self, parts: Sequence[str]) -> str:
        """``a, b och c``."""
        return self("and").join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


@lru_cache(maxsize=len(LANGUAGES))
def words_for(language: str) -> Words:
    """The words of a language, read once.

    Raises:
        ConfigError: the languages' files do not hold the same keys and values.
    """
    return Words(language)


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    folder = resources.files("matcher.digest") / "texts"
    found = {
        language: dict(_flat(YAML(typ="safe").load((folder / f"{language}.yaml").read_text("utf-8"))))
        for language in LANGUAGES
    }
    first, *others = LANGUAGES
    problems = [
        f"texts/{other}.yaml: {key} is missing in one language or has other {{values}} than in {first}.yaml"
        for other in others
        for key in sorted(found[first].keys() | found[other].keys())
        if _values(found[first].get(key)) != _values(found[other].get(key))
    ]
    if problems:
        raise ConfigError(problems)
    return found


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            raise ConfigError([f"texts: {prefix}{key} is not text"])


def _values(text: str | None) -> set[str] | None:
    return None if text is None else {name for _, name, _, _ in string.Formatter().parse(text) if name}
