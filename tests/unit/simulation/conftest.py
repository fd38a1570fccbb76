"""One sample company for all tests that only look at it."""

from datetime import date

import pytest

from winback.simulation.company import Company, make_company

END = date(2026, 6, 30)


@pytest.fixture(scope="session")
def company() -> Company:
    return make_company(7, end=END)
