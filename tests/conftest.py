"""What holds for every test: how Hypothesis searches, and that no test can reach a cloud."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# `ci` gives the same examples on every machine; `deep` (make test-deep) looks for new ones. A
# busy machine must not fail a test for being slow, so neither has a deadline.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile(
    "deep",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# By these variables Google's clients find credentials, a project, or an emulator.
_CLOUD_VARIABLES = (
    "BIGQUERY_EMULATOR_HOST",
    "CLOUDSDK_CONFIG",
    "GCE_METADATA_HOST",
    "GCLOUD_PROJECT",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "PUBSUB_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
)


@pytest.fixture(scope="session", autouse=True)
def _no_cloud() -> Iterator[None]:
    """A test that needs a cloud starts its own: nothing of this machine's leaks in."""
    with pytest.MonkeyPatch.context() as environment:
        for name in _CLOUD_VARIABLES:
            environment.delenv(name, raising=False)
        yield
