"""What holds for every test: property tests are the same in every run, however busy the machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "convrag",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("convrag")
