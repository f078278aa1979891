from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from django.shortcuts import render

from core.kernel.console import ConsoleRequest, console
from core.kernel.navigation import links_for
from core.search.ports import sources_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

LONGEST = 60
HITS_PER_SOURCE = 6


@console()
def search(request: ConsoleRequest) -> HttpResponseBase:
    """Answer the command palette, group by group; an empty query offers the places to go."""
    query = clean_query(request.GET.get("q", ""))
    groups = []
    if query:
        for source in sources_for(request.viewer):
            hits = source.provider(query=query, viewer=request.viewer, limit=HITS_PER_SOURCE)
            if hits:
                groups.append({"label": source.label, "hits": hits})
    links = links_for(request.viewer.permissions, request.path)
    context = {"query": query, "groups": groups, "links": links}
    template = "components/search_results.html" if request.htmx else "core/search/search.html"
    return render(request, template, context)


def clean_query(raw: str) -> str:
    """Return what was typed without controls, in one Unicode form and half-width digits."""
    text = unicodedata.normalize("NFKC", raw[: LONGEST * 2])
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return " ".join(text.split())[:LONGEST]
