"""Letters in a real browser: fit for a narrow screen and for everybody, nothing fetched, nothing run."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from matcher.digest.render import render, render_overview
from matcher.jobs import SubscriptionState
from matcher.web.app import subscription_page
from tests.digest.builders import call, plan, rich_digest, stored
from tests.digest.test_overview import overview

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def opened(page: Path, profile: Path, *options: str) -> str:
    """The page's DOM after its scripts have run."""
    done = subprocess.run(
        [
            str(CHROMIUM), *options, "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
            "--disable-component-update", f"--user-data-dir={profile}", "--virtual-time-budget=2000",
            "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("width", [320, 640])
def test_the_letter_fits_the_screen_and_runs_nothing(tmp_path: Path, width: int) -> None:
    titles = [
        "Integrated care " * 12,
        "Donaudampfschifffahrtsgesellschaft" * 3,
        "<script>parent.ran = 1</script>",
    ]
    digest = plan([stored(call(f"c{n}", title=title)) for n, title in enumerate(titles)])
    letter = render(digest).html
    assert "http-equiv" not in letter
    page = tmp_path / "frame.html"
    script = """
        window.ran = 0;
        onload = () => {
            const seen = document.querySelector('iframe').contentDocument;
            document.body.dataset.found = JSON.stringify([
                seen.documentElement.scrollWidth,
                seen.querySelectorAll('article').length,
                window.ran,
                seen.querySelectorAll('img, link, script, iframe').length,
            ]);
        }"""
    frame = (
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(letter, quote=True)}">'
    )
    page.write_text(f"{frame}</iframe><script>{script}</script>", encoding="utf-8")
    found = re.search(r'data-found="\[(\d+),(\d+),(\d+),(\d+)\]"', opened(page, tmp_path / "profile"))
    assert found is not None
    across, articles, ran, foreign = map(int, found.groups())
    assert (across <= width, articles, ran, foreign) == (True, len(titles), 0, 0)


@pytest.mark.parametrize("name", ["letter", "overview"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 800])
def test_axe_finds_no_fault_and_the_colours_follow_the_readers_wish(
    tmp_path: Path, name: str, scheme: str, width: int
) -> None:
    letter = render(rich_digest()).html if name == "letter" else render_overview(overview()).html
    found = looked_at(letter, tmp_path, width=width, scheme=scheme, box="header")
    assert found["faults"] == []
    # what it looked at, so that no fault is not nothing looked at
    assert {"color-contrast", "heading-order", "html-has-lang", "valid-lang", "list"} <= set(found["passed"])
    assert found["across"] <= width
    assert found["background"] == ("rgb(29, 33, 38)" if scheme == "dark" else "rgb(255, 255, 255)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ended", [None, False, True])
def test_so_it_is_with_the_page_that_ends_a_letter(tmp_path: Path, scheme: str, ended: bool | None) -> None:
    state = None
    if ended is not None:
        name = "Arbetsmarknads- och vuxenutbildningsnämnden"
        state = SubscriptionState(name=name, language="sv", address="avn@kommun.example", ended=ended)
    page = subscription_page(state, changed=bool(ended))
    found = looked_at(page, tmp_path, width=320, scheme=scheme, box="main")
    assert found["faults"] == []
    assert {"color-contrast", "html-has-lang", *(["button-name"] if state else [])} <= set(found["passed"])
    assert found["across"] <= 320
    assert found["background"] == ("rgb(29, 33, 38)" if scheme == "dark" else "rgb(255, 255, 255)")


def looked_at(shown: str, folder: Path, *, width: int, scheme: str, box: str) -> dict[str, Any]:
    """What axe finds in a page on a screen of some width, and the colour behind an element."""
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text("utf-8")
    script = """
        onload = async () => {
            const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
            const result = await axe.run(document, {runOnly: rules});
            const found = {
                faults: result.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ')),
                passed: result.passes.map(p => p.id),
                across: document.documentElement.scrollWidth,
                background: getComputedStyle(document.querySelector('BOX')).backgroundColor,
            };
            parent.document.body.dataset.found = JSON.stringify(found);
        }""".replace("BOX", box)
    page = folder / "page.html"
    checked = shown.replace("</body>", f"<script>{axe}</script><script>{script}</script></body>")
    # a window is never narrower than 500 pixels, a frame is
    frame = f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(checked)}"></iframe>'
    page.write_text(frame, encoding="utf-8")
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    dom = opened(page, folder / "profile", "--hide-scrollbars", *dark)
    data = re.search(r'data-found="([^"]*)"', dom)
    assert data is not None
    found: dict[str, Any] = json.loads(html.unescape(data[1]))
    return found
