"""Settings of every test: hypothesis without deadlines, since a first example compiles kernels."""

import os

import pytest
from hypothesis import HealthCheck, settings

from fastmul.planning import memory

# FASTMUL_TEST_MULTIPLIER=20 pytest searches twenty times as long
_EXAMPLES = round(30 * float(os.environ.get("FASTMUL_TEST_MULTIPLIER", "1")))

settings.register_profile(
    "fastmul",
    deadline=None,
    max_examples=_EXAMPLES,
    derandomize="FASTMUL_TEST_MULTIPLIER" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("fastmul")


@pytest.fixture(autouse=True)
def no_memory_on_credit():
    """A test that says how much memory there is must not meet what an earlier one's look has granted."""
    memory.forget()
