"""What a web server does once, before it parts into processes."""

from __future__ import annotations

import gc

from django.urls import get_resolver


def get_ready() -> None:
    """Load the code of every page, and take all of it out of the collector's sight.

    Otherwise the first visitor waits for the code, and now and then one for a tenth of a second
    in which the collector looks through modules, forms and routes that never become garbage.
    Untouched, their memory also stays shared between the processes.
    """
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
