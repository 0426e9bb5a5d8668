"""Mixpanel's quotas: per project, rolling, one for exports and one for the query API."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from local.clock import Clock
from local.http import Json
from local.mixpanel.answers import ApiError
from local.mixpanel.settings import Settings

Family = Literal["export", "query"]

_HOUR_SECONDS: Final = 3600
_CONCURRENCY_RETRY_SECONDS: Final = 10


class _Key(NamedTuple):
    project_id: int
    family: Family


@dataclass
class _Meter:
    """When calls were made, from an hour ago on, and how many are running."""

    calls: list[float] = field(default_factory=list)
    running: int = 0

    def forget(self, call: float) -> None:
        if call in self.calls:  # It may have left the window while it was running.
            self.calls.remove(call)

    def forget_before(self, moment: float) -> None:
        self.calls = [call for call in self.calls if call > moment]

    def last(self, seconds: float, now: float) -> int:
        """The calls of these seconds; none that a clock put back has yet to reach again."""
        return sum(now - seconds < call <= now for call in self.calls)


@dataclass(frozen=True)
class _Limits:
    per_hour: int
    per_second: float
    concurrent: int


@dataclass
class Ticket:
    """A call under way; `succeeded` decides whether a lenient quota remembers it."""

    meter: _Meter
    counted_at: float | None
    succeeded: bool = False


class Limiter:
    """Admits calls, or refuses them as Mixpanel does."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._meters: dict[_Key, _Meter] = defaultdict(_Meter)
        self._lock = threading.Lock()

    def admit(self, project_id: int, family: Family, *, counted: bool) -> Ticket:
        """A ticket for the call, to be handed back; `counted` calls use up the hourly quota.

        Raises:
            ApiError: a quota is used up: 429.
        """
        with self._lock:
            now = self._clock.now()
            key = _Key(project_id, family)
            meter = self._meters[key]
            meter.forget_before(now - _HOUR_SECONDS)
            refusal = self._refusal(key, meter, now, counted=counted)
            if counted and (refusal is None or self._settings.count_rejected):
                meter.calls.append(now)
            if refusal is not None:
                raise refusal
            meter.running += 1
            return Ticket(meter, now if counted else None)

    def hand_back(self, ticket: Ticket) -> None:
        with self._lock:
            ticket.meter.running -= 1
            forgiven = not ticket.succeeded and not self._settings.count_rejected
            if forgiven and ticket.counted_at is not None:
                ticket.meter.forget(ticket.counted_at)

    def usage(self) -> Json:
        """`{project: {family: {last_hour, last_second, running}}}`."""
        with self._lock:
            now = self._clock.now()
            usage: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
            for (project_id, family), meter in self._meters.items():
                usage[str(project_id)][family] = {
                    "last_hour": meter.last(_HOUR_SECONDS, now),
                    "last_second": meter.last(1, now),
                    "running": meter.running,
                }
            return usage

    def _limits(self, family: Family) -> _Limits:
        chosen = self._settings
        if family == "export":
            return _Limits(
                chosen.export_per_hour, chosen.export_per_second, chosen.export_concurrent
            )
        return _Limits(chosen.query_per_hour, math.inf, chosen.query_concurrent)

    def _refusal(self, key: _Key, meter: _Meter, now: float, *, counted: bool) -> ApiError | None:
        limits = self._limits(key.family)
        used = meter.last(_HOUR_SECONDS, now)
        if meter.running >= limits.concurrent:
            return self._concurrency_error(key, limits, meter, used)
        if counted and used >= limits.per_hour:
            exceeded = f"{used + 1}/{limits.per_hour} queries running in the last hour"
            return self._rate_error(key, limits, meter, exceeded, retry_after=_HOUR_SECONDS)
        recent = meter.last(1, now)
        if counted and recent >= limits.per_second:
            exceeded = f"{recent + 1}/{limits.per_second} queries running in the last second"
            return self._rate_error(key, limits, meter, exceeded, retry_after=1)
        return None

    def _concurrency_error(self, key: _Key, limits: _Limits, meter: _Meter, used: int) -> ApiError:
        exceeded = f"{meter.running + 1}/{limits.concurrent} queries running concurrently"
        message = _message(key, f"concurrency limit ({exceeded})")
        if key.family == "export":
            message = "too many export requests in progress for this project"
        left = max(limits.per_hour - used, 0)
        rate = f'"project";r={left}, "project-concurrency";r=0;t={_CONCURRENCY_RETRY_SECONDS}'
        return self._error(key.family, message, rate, _CONCURRENCY_RETRY_SECONDS)

    def _rate_error(
        self, key: _Key, limits: _Limits, meter: _Meter, exceeded: str, *, retry_after: int
    ) -> ApiError:
        free = limits.concurrent - meter.running
        rate = f'"project";r=0;t={retry_after}, "project-concurrency";r={free}'
        return self._error(
            key.family, _message(key, f"rate limit ({exceeded})"), rate, retry_after
        )

    def _error(self, family: Family, message: str, rate: str, retry_after: int) -> ApiError:
        shown = {
            "export": self._settings.export_rate_headers,
            "query": self._settings.query_rate_headers,
        }
        if not shown[family]:
            return ApiError(429, message)
        limits = self._limits(family)
        policy = (
            f'"project";q={limits.per_hour};w={_HOUR_SECONDS}, '
            f'"project-concurrency";q={limits.concurrent};qu="concurrent-requests"'
        )
        headers = {
            "Retry-After": str(retry_after),
            "RateLimit-Policy": policy,
            "RateLimit": rate,
        }
        return ApiError(429, message, headers=headers)


def _message(key: _Key, exceeded: str) -> str:
    return (
        f"Query rate limit exceeded for project_id: {key.project_id}. This request exceeded the "
        f"{exceeded}. For more information, please consult our documentation"
    )
