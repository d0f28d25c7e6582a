"""The whole fleet over the shared replay against bare download and parse of the same pages: medians of three.

Run as ``python -m benchmarks.fleet`` beside the shared replay. Every round is a process of its own, so that
its memory can be told. The configured delay is 0; the replay's robots.txt asks for one second between two
requests to a host, which the fleet keeps, so it is also measured without any pause.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from bs4 import BeautifulSoup

from matcher import jobs
from matcher.scrapers.source import load_module
from tests import fleet
from tests.fault_matrix import recorder
from tests.fleet import NOW

ROUNDS = 3
Asked = list[tuple[str, dict[str, Any]]]


def peak() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def without_delay(installation: jobs.Installation) -> jobs.Installation:
    """The installation with every configured delay at zero."""
    settings = installation.configuration.settings
    eager = settings.model_copy(update={"http": settings.http.model_copy(update={"delay_seconds": 0.0})})
    sources = {
        key: source.model_copy(update={"http": source.http.model_copy(update={"delay_s": 0.0})})
        for key, source in installation.sources.items()
    }
    configuration = installation.configuration.model_copy(update={"settings": eager})
    return replace(installation, configuration=configuration, sources=sources)


def read_fleet(url: str, *, pauses: bool) -> dict[str, float]:
    """Read and store all sources, and once more the next day when nothing has changed."""
    waiting = nullcontext() if pauses else fleet.without_waiting()
    with tempfile.TemporaryDirectory() as name, waiting:
        folder = Path(name)
        with fleet.installation(folder, url, f"sqlite:///{folder / 'matcher.db'}") as opened:
            installation = without_delay(opened)
            seconds = []
            for day in (0,) if pauses else (0, 1):
                now, began = NOW + timedelta(days=day), time.perf_counter()
                runs = jobs.scrape(installation, jobs.enabled_sources(installation), clock=lambda: now)  # noqa: B023
                seconds.append(time.perf_counter() - began)
                assert all(run.stores for run in runs), [run.problem for run in runs]
    return {"seconds": seconds[0], "again": seconds[-1], "MiB": peak()}


def read_bare(url: str, asked: dict[str, Asked]) -> dict[str, float]:
    """Download and parse the same pages with httpx and lxml, one after the other per source, side by side."""

    def read(pages: Asked) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            for address, how in pages:
                body = {"json": how["json"]} if how.get("json") is not None else {}
                if how.get("multipart") is not None:
                    parts = how["multipart"].items()
                    body["files"] = {
                        k: ("blob", json.dumps(v).encode(), "application/json") for k, v in parts
                    }
                target = httpx.URL(f"{url}/{address.removeprefix('https://')}")
                if how.get("params"):
                    target = target.copy_merge_params(how["params"])
                answer = client.request("POST" if body else "GET", target, headers=how.get("headers"), **body)
                answer.raise_for_status()
                if "json" in answer.headers["content-type"]:
                    answer.json()
                else:
                    BeautifulSoup(
                        answer.content, "xml" if "xml" in answer.headers["content-type"] else "lxml"
                    )

    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        list(pool.map(read, asked.values()))
    return {"seconds": time.perf_counter() - began, "MiB": peak()}


def what_is_asked(url: str) -> dict[str, Asked]:
    """Per source, the requests of a healthy run that were answered."""
    with tempfile.TemporaryDirectory() as name, fleet.without_waiting():
        folder = Path(name)
        with fleet.installation(folder, url, f"sqlite:///{folder / 'matcher.db'}") as installation:
            asked = {}
            for key, source in installation.sources.items():
                with recorder(installation, source) as fetch:
                    for _ in load_module(source).crawl(source, fetch):
                        pass
                asked[key] = [(address, how) for address, how, _ in fetch.answers]
            return asked


def medians(work: Callable[..., dict[str, float]], *given: Any, **named: Any) -> dict[str, float]:
    """The medians of some rounds, each in a fresh process."""
    rounds = []
    for _ in range(ROUNDS):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            rounds.append(pool.submit(work, *given, **named).result())
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


if __name__ == "__main__":
    with fleet.publishers() as publishers:
        asked = what_is_asked(publishers.url)
        bare = medians(read_bare, publishers.url, asked)
        quick = medians(read_fleet, publishers.url, pauses=False)
        polite = medians(read_fleet, publishers.url, pauses=True)
    pages = sum(len(one) for one in asked.values())
    ratio = quick["seconds"] / bare["seconds"]
    longest = max(len(one) for one in asked.values())
    print(f"{len(asked)} sources, {pages} pages, at most {longest} of one source; medians of {ROUNDS}")
    print(f"bare download and parse: {bare['seconds']:.1f} s, peak {bare['MiB']:.0f} MiB")
    print(
        f"fleet without pauses: {quick['seconds']:.1f} s = {ratio:.1f} times bare, "
        f"peak {quick['MiB']:.0f} MiB; the next day, nothing changed: {quick['again']:.1f} s"
    )
    print(
        f"fleet with delay 0 and the publishers' Crawl-delay: {polite['seconds']:.1f} s (at most 60), "
        f"peak {polite['MiB']:.0f} MiB (at most 400)"
    )
