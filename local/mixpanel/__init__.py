"""Mixpanel's raw export and engage APIs, faults included."""

from __future__ import annotations

from local.mixpanel.settings import Settings
from local.mixpanel.simulator import MixpanelSimulator

__all__ = ["MixpanelSimulator", "Settings"]
