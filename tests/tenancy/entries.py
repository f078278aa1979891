"""What stands behind every route, by its name."""

from tests.tenancy import batches, communities, core, events, members, people, points, privacy, tags

ENTRIES = core.ROUTES | members.ROUTES | people.ROUTES | batches.ROUTES | communities.ROUTES
ENTRIES |= tags.ROUTES | privacy.ROUTES | events.ROUTES | points.ROUTES
