"""Properties run the same examples every time, without a database of earlier failures.

With TYRNE_FIRST_FAILURE in the environment they stop at the first failure, as it is: that is for those who ask only
whether one fails.
"""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "tyrne",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    phases=[Phase.explicit, Phase.generate] if "TYRNE_FIRST_FAILURE" in os.environ else list(Phase),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tyrne")
