"""Properties run the same examples every time, without a database of earlier failures."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "tyrne",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tyrne")
