"""Probes an instrument once, from its address to the closed port."""

from __future__ import annotations

from controller.ports import Clock
from firmware_bridge.commissioning.items import InstrumentProfile
from firmware_bridge.commissioning.probe import Probed, open_to_measure, probe_instrument
from firmware_bridge.commissioning.round_trips import RoundTrips


def probed_instrument(
    uri: str,
    profile: InstrumentProfile,
    digest: str,
    clock: Clock,
    *,
    trips: RoundTrips,
) -> Probed:
    """Connect, probe, and close the port; raises AddressInvalid or LinkError."""
    source = open_to_measure(uri, profile, digest, clock, trips)
    try:
        return probe_instrument(source, profile, clock, trips=trips)
    finally:
        source.close()
