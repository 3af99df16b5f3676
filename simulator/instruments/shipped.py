"""A simulated instrument for each shipped instrument profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.instruments.gauges import (
    SimulatedDiniArgeoText,
    SimulatedFlintecDad,
    SimulatedGauge,
    SimulatedImadaDst,
    SimulatedLaumasText,
    SimulatedMark10,
    SimulatedRinstrum,
    SimulatedSauterFh,
)
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.transmitters import (
    SimulatedDiniArgeo,
    SimulatedDinRailScale,
    SimulatedLaumas,
    SimulatedTransmitter,
)

TRANSMITTERS: Final[dict[str, Callable[[HangingCell], SimulatedTransmitter]]] = {
    "laumas_tlb": SimulatedLaumas,
    "din_rail_scale": SimulatedDinRailScale,
    "dini_argeo_dgt": SimulatedDiniArgeo,
}
GAUGES: Final[dict[str, Callable[[HangingCell], SimulatedGauge]]] = {
    "mark10_series4": lambda cell: SimulatedMark10(cell, b"?"),
    "mark10_series5": lambda cell: SimulatedMark10(cell, b"?C"),
    "imada_dst": SimulatedImadaDst,
    "sauter_fh": SimulatedSauterFh,
    "dini_argeo_text": SimulatedDiniArgeoText,
    "flintec_dad141": SimulatedFlintecDad,
    "laumas_text": SimulatedLaumasText,
    "rinstrum_text": SimulatedRinstrum,
}
