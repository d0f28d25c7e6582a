"""The letter in a real browser: nothing overflows a narrow screen, nothing is fetched, nothing runs."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from matcher.digest.render import render
from tests.digest.builders import call, plan, stored

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def opened(page: Path, profile: Path) -> str:
    """The page's DOM after its scripts have run."""
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", "--virtual-time-budget=2000", "--dump-dom", page.as_uri(),
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
