"""Made-up product events and profiles: late ones, copies, and values that are hard to keep."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from local.mixpanel import MixpanelSimulator

_EVENTS = ("Signed up", "Viewed page", "Added to cart", "Paid", "$ae_session", "Löschte Konto 🗑")
_HOURLY = (2, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 12, 12, 12, 11, 11, 10, 10, 9, 8, 7, 5, 4, 3)
_USERS = 400
_LONGEST_DELAY = timedelta(days=5)  # As long as SDKs keep trying to send.


def generate(
    simulator: MixpanelSimulator, project_id: int, day: date, *, seed: int = 7, share: int = 30
) -> None:
    """Let the simulator hold what Mixpanel processed on this UTC day, about 160 times `share`.

    Of every hundred events about five are late, one was sent again by its client and processed
    an hour later, one is held twice, and five have no `$insert_id`.
    """
    rng = random.Random(seed)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for hour, weight in enumerate(_HOURLY):
        for _ in range(weight * share):
            offset = timedelta(milliseconds=rng.randrange(3_600_000))
            _event(simulator, project_id, midnight + timedelta(hours=hour) + offset, rng)


def import_history(simulator: MixpanelSimulator, project_id: int, at: datetime) -> None:
    """Let somebody import, at this moment, events that are weeks old."""
    rng = random.Random(at.timestamp())
    for days in range(10, 90):
        happened = _whole_ms(at - timedelta(days=days))
        simulator.ingest(project_id, "Imported", happened, at, _properties(at, rng))


def profiles(simulator: MixpanelSimulator, project_id: int, seen: datetime) -> None:
    """Let the simulator hold a profile of each user."""
    properties = {"$last_seen": f"{seen:%Y-%m-%dT%H:%M:%S}", "plan": "free"}
    held = ({"$distinct_id": f"user-{n}", "$properties": properties} for n in range(_USERS))
    simulator.load_profiles(project_id, held)


def _event(
    simulator: MixpanelSimulator, project_id: int, processed: datetime, rng: random.Random
) -> None:
    kind = rng.random()
    delay = timedelta(milliseconds=rng.randrange(20, 2000))
    if kind < 0.05:
        delay += rng.random() * _LONGEST_DELAY
    name = rng.choice(_EVENTS)
    happened = _whole_ms(processed - delay)
    properties = _properties(processed, rng)

    def hold(processed_at: datetime) -> None:
        simulator.ingest(project_id, name, happened, processed_at, properties)

    if 0.07 <= kind < 0.12:
        del properties["$insert_id"]
    hold(processed)
    if 0.05 <= kind < 0.06:
        hold(processed)
    elif 0.06 <= kind < 0.07 and processed.hour < 23:
        hold(processed + timedelta(hours=1))


def _properties(processed: datetime, rng: random.Random) -> dict[str, Any]:
    user = f"user-{rng.randrange(_USERS)}"
    properties: dict[str, Any] = {
        "distinct_id": user if rng.random() < 0.7 else f"$device:{rng.getrandbits(64):x}",
        "$insert_id": f"{rng.getrandbits(96):024x}",
        "$device_id": f"{rng.getrandbits(64):x}",
        "$browser": rng.choice(("Chrome", "Mobile Safari", "Firefox")),
        "$browser_version": rng.choice((126, "91.0.4472.101", None)),
        "$current_url": f"https://shop.example.com/?q={rng.randrange(99)}&utm_source=mail",
        "$mp_api_timestamp_ms": int(processed.timestamp() * 1000) - 40,
        "Cart Size (# of Items)": rng.randrange(9),
        "cart": {"total": rng.randrange(10**6) / 100, "items": [{"sku": f"A{rng.randrange(99)}"}]},
        "mp_lib": "web",
    }
    if rng.random() < 0.5:
        properties["$user_id"] = user
    if rng.random() < 0.01:
        properties["ledger"] = rng.getrandbits(90) + 2**89
    return properties


def _whole_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
