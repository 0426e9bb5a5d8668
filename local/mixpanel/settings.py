"""What differs between Mixpanel projects, or is not known of the real service."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from local.http import Json


@dataclass
class Settings:
    """Switches; the defaults are what is documented or was observed most recently."""

    auth_failure_status: int = 400  # 401 was seen too.
    require_https: bool = False
    count_rejected: bool = True  # Whether calls that did not succeed use up the quota.
    export_rate_headers: bool = False
    query_rate_headers: bool = True
    free_engage_pages: bool = True  # Pages that carry a session_id do not use up the quota.
    session_seconds: int = 600
    export_per_hour: int = 60
    export_per_second: int = 3
    export_concurrent: int = 100
    query_per_hour: int = 60  # Some plans have more.
    query_concurrent: int = 5

    def change(self, changes: dict[str, Json]) -> None:
        """Set some switches.

        Raises:
            ValueError: no such switch, or a value of another type.
        """
        for name, value in changes.items():
            if type(getattr(self, name, None)) is not type(value):
                raise ValueError(f"no setting {name} of type {type(value).__name__}")
        for name, value in changes.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Json]:
        return dataclasses.asdict(self)
