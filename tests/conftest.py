"""Tests depend on no machine: a slow one generates its inputs slowly."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("any machine", settings.default, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
