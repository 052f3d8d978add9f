"""Reading what a consumer serves over HTTP, with the official parsers."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Mapping

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def get(url: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Status and text."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape(url: str, *, open_metrics: bool = False) -> Samples:
    """Every sample by name and labels; each may be there once only."""
    status, text = get(url, "/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"} if open_metrics else None)
    assert status == 200, text
    parse = openmetrics_parser.text_string_to_metric_families if open_metrics else text_string_to_metric_families
    samples: Samples = {}
    for family in parse(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, key
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    """One sample."""
    return samples[name, tuple(sorted(labels.items()))]
