"""Settings of the property tests: the same at any load."""

from hypothesis import HealthCheck, settings

_PROFILE = "the same at any load"
_HEALTHY_AT_ANY_LOAD = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
"""What no property test is asked: how fast it is, and whether each example has fixtures of its own."""


def load(*, same_each_time: bool) -> None:
    """Take them for this process.

    Hypothesis would end an example after 200 ms, and a slow generator: a busy machine would fail the tests.
    """
    settings.register_profile(
        _PROFILE, deadline=None, suppress_health_check=_HEALTHY_AT_ANY_LOAD, derandomize=same_each_time
    )
    settings.load_profile(_PROFILE)
