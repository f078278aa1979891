import pytest

from communities.broadcasts import delivering, reconciling
from tests.contracts.fakes import FakeChannel


@pytest.fixture
def fake_channel(brand, monkeypatch):
    """A channel outside the database that every delivery goes through."""
    channel = FakeChannel(brand_id=brand.pk)
    for module in (delivering, reconciling):
        monkeypatch.setattr(module, "channel_of", lambda _name, brand_id: channel)
    return channel
