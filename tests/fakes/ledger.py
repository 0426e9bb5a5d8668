"""The ledger: what BigQuery says it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mixpanel_export.naming import ObjectName
from tests.fakes.journal import Journal


class FakeLedger:
    """Tells what `held` tells at the moment it is asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.names: list[ObjectName] = []
        self.held: Callable[[], list[ObjectName]] = lambda: self.names

    def loaded(self, since: datetime) -> list[ObjectName]:
        self._journal.before("ledger")
        names = [name for name in self.held() if name.interval.start >= since]
        self._journal.after("ledger", "read the ledger")
        return names
