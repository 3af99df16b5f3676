"""The demo with orders of a minute: the same steps, files and outcomes as the full one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from records.order.order_file import parse_order
from simulator.table.patient import StopsDuring
from tests.support.sessions import SHORT_CERVICAL
from workstation import demo
from workstation.settings import Settings

SHORT_LUMBAR = """
region = "lumbar"
mode = "intermittent"
hold_force = "120 N"
rest_force = "60 N"
hold_time = "20 s"
rest_time = "10 s"
treatment_time = "1 min"
"""


def run_short_demo(
    console: Console, folder: Path, settings: Settings, *, cervical_wire: str = ""
) -> list[Path]:
    """Run the demo into ``folder``; returns the files that it wrote."""
    cervical, lumbar = demo.acts(cervical_wire)
    orders = {
        "cervical": parse_order(SHORT_CERVICAL, "cervical.toml"),
        "lumbar": parse_order(SHORT_LUMBAR, "lumbar.toml"),
        "observed": parse_order(SHORT_LUMBAR, "observed.toml"),
    }
    stops_at_once = replace(lumbar, patient=StopsDuring(1, 2.0))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo, "demo_order", orders.__getitem__)
        patched.setattr(demo, "acts", lambda wire="": (cervical, stops_at_once))
        return demo.run_demo(console, folder, settings, cervical_wire=cervical_wire)
