import pytest

from launcher import places, stack
from tests.faults.product import Product

pytestmark = pytest.mark.fault


@pytest.fixture(scope="session")
def throwaway_stack():
    """PostgreSQL and Valkey that may be crashed and flushed, with the tables in place."""
    here = places.here()
    here.prepare()
    with stack.throwaway(here, settings="config.settings.test") as servers:
        migrate = "from django.core.management import call_command as c\n" + (
            "c('migrate', database='owner', verbosity=0, skip_checks=True)"
        )
        Product(servers, None).run(migrate)
        yield servers


@pytest.fixture
def product(throwaway_stack, tmp_path):
    product = Product(throwaway_stack, tmp_path)
    yield product
    product.stop()
