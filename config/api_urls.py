"""REST: version 1 of every app, its schema and its documentation.

Routes are named ``api:<app>:<concept>-<view>``.
"""

from __future__ import annotations

from django.urls import include, path

from core.kernel import api_docs

app_name = "api"
urlpatterns = [
    path("schema/", api_docs.Schema.as_view(), name="schema"),
    path("docs/", api_docs.docs, name="docs"),
    path("v1/", include("core.api_urls")),
    path("v1/", include("members.api_urls")),
    path("v1/", include("communities.api_urls")),
    path("v1/", include("events.api_urls")),
]
