"""How long a message waits after a failed delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from google.pubsub_v1 import types

# Without a retry policy Google redelivers at once; a pause keeps a failing endpoint readable.
_IMMEDIATE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds that double from `shortest` to `longest` with every failure of one message."""

    shortest: float
    longest: float

    @classmethod
    def of(cls, config: types.Subscription, scale: float = 1.0) -> Self:
        """What the retry policy says, times `scale`; without one, redelivery is immediate."""
        if "retry_policy" not in config:
            return cls(_IMMEDIATE_SECONDS, _IMMEDIATE_SECONDS)
        policy = types.RetryPolicy.pb(config.retry_policy)
        shortest, longest = 10.0, 600.0
        if policy.HasField("minimum_backoff"):
            shortest = policy.minimum_backoff.ToNanoseconds() / 1e9
        if policy.HasField("maximum_backoff"):
            longest = policy.maximum_backoff.ToNanoseconds() / 1e9
        return cls(shortest * scale, longest * scale)

    def seconds(self, failures: int) -> float:
        doublings = min(failures - 1, 30)  # Beyond it floats overflow, and `longest` rules anyway.
        return min(self.longest, self.shortest * 2.0**doublings)
