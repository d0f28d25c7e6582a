"""Writes the files of a new source from an address: facts, three functions, a saved page, a red test."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from matcher.config.models import HttpSettings
from matcher.domain import Family
from matcher.errors import ConfigError
from matcher.scrapers.fetch import Fetcher
from matcher.scrapers.source import Expect, Publisher, Source, Terms

_YAML = """\
title: {host}
publisher: {{name: {host}, acronym: {acronym}, country: {country}, url: "https://{host}/"}}
url: "{url}"  # for people
start_url: "{url}"  # for crawl()
language: {language}
family: national  # structural, sector, national or other
# programme: a code of config/programmes.yaml, when all calls have the same
terms: {{licence: "not stated; facts are quoted with a link to the publisher"}}
expect:  # from a healthy run: minimum -15 %, maximum x 2; explain a violation, do not just widen
  min_calls: 1
  max_calls: 50
  min_deadline_share: 0.5
  max_unread_share: 0.1
"""
_MODULE = '''\
"""{host}: one list page and a page per call."""

from __future__ import annotations

from matcher.domain import Call
from matcher.scrapers import html, labelled_page
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

# the labels that stand on the publisher's pages
WHO, WHAT, MONEY = "Vem kan söka?", "Vad kan ni söka för?", "Hur mycket kan ni få?"

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call; one without any of the required labels is none."""
    own = labelled_page.read(page, found, (WHO, WHAT, MONEY))
    own.require((WHO,), (WHAT,))
    return own.call(
        source,
        own.window(html.text_of(own.head)),
        who=own.under(WHO),
        about_money=own.under(MONEY),
        text=labelled_page.paragraphs(own.ingress(), own.under(WHAT)),
    )
'''
_META = """\
url: {url}
fetched_at: {now}
why: the list as it was when the source was added; trim it to what matters
"""


def write_source(root: Path, key: str, url: str, *, replay: str | None = None) -> list[Path]:
    """Fetch ``url`` and write the new source's files under the repository ``root``.

    The golden test stays red until ``expected.json`` has been made and read by a person.

    Returns:
        The files written.

    Raises:
        ConfigError: the key is malformed, the address is not https, or the source exists.
        FetchError: the page cannot be fetched.
    """
    if not re.fullmatch(r"(eu|[a-z]{2})_[a-z0-9_]{2,30}|interreg_[a-z]+", key):
        raise ConfigError(
            [f"{key!r} is no key: a country or eu, an underscore and a short name: se_boverket"]
        )
    host = urlsplit(url).hostname
    if not url.startswith("https://") or not host:
        raise ConfigError([f"{url!r} is not an https address"])
    folder = root / "matcher" / "scrapers" / "sources"
    case = root / "tests" / "scrapers" / "fixtures" / key / "listing"
    if not folder.is_dir():
        raise ConfigError([f"{folder} is not there; run this in the repository, or give --root"])
    if (folder / f"{key}.yaml").exists():
        raise ConfigError([f"{key} exists already: {folder / key}.yaml"])
    country = key.split("_", maxsplit=1)[0] if key[2] == "_" else "eu"
    facts = {
        "host": host.removeprefix("www."),
        "acronym": host.removeprefix("www.").split(".")[0].upper(),
        "country": country,
        "language": "sv" if country == "se" else "en",
        "url": url,
    }
    now = datetime.now(UTC)
    provisional = Source(
        key=key,
        title=host,
        publisher=Publisher(name=host, acronym=facts["acronym"], country=country, url=url),
        url=url,
        start_url=url,
        language=facts["language"],
        family=Family.NATIONAL,
        terms=Terms(licence="unknown"),
        expect=Expect(min_calls=1, max_calls=50, min_deadline_share=0.5),
    )
    with Fetcher(provisional, settings=HttpSettings(), now=lambda: now, replay=replay) as fetch:
        page = fetch(url)
    written = {
        folder / f"{key}.yaml": _YAML.format(**facts).encode(),
        folder / f"{key}.py": _MODULE.format(**facts).encode(),
        case / "page.html": page.body,
        case / "meta.yml": _META.format(url=url, now=f"{now:%Y-%m-%dT%H:%M:%SZ}").encode(),
    }
    for path, content in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(written)
