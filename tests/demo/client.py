"""A plain client for the demo's server, independent of the product's own fetching."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

SEARCH = "https://api.tech.ec.europa.eu/search-api/prod/rest/search?apiKey=SEDIA&text=***"


def ask(
    base: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a publisher's https address served under ``base``."""
    address = f"{base}/{quote(url.removeprefix('https://'), safe='/?=&;:%*.-')}"
    request = urllib.request.Request(address, data=body, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def multipart(parts: Mapping[str, Any], kind: str = "application/json") -> tuple[bytes, dict[str, str]]:
    """A body of file-like parts, and its header."""
    lines = []
    for name, value in parts.items():
        lines += [
            "--edge",
            f'Content-Disposition: form-data; name="{name}"; filename="blob"',
            f"Content-Type: {kind}",
            "",
            json.dumps(value),
        ]
    body = "\r\n".join([*lines, "--edge--", ""]).encode()
    return body, {"Content-Type": "multipart/form-data; boundary=edge"}


def search(base: str, *, types: list[str], size: int = 100, page: int = 1, **parts: Any) -> dict[str, Any]:
    """Open and forthcoming documents of some types."""
    query = {"bool": {"must": [{"terms": {"type": types}}, {"terms": {"status": ["31094501", "31094502"]}}]}}
    body, headers = multipart({"query": query, "languages": ["en"], **parts})
    status, _, content = ask(base, f"{SEARCH}&pageSize={size}&pageNumber={page}", body=body, headers=headers)
    assert status == 200, content
    found: dict[str, Any] = json.loads(content)
    return found
