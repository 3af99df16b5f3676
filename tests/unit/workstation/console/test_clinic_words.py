"""What the console keeps by itself: the words of the clinic, and its frames."""

from __future__ import annotations

import pytest

from controller.order.force_unit import ForceUnit
from controller.snapshot import Doing
from records.standing.versions import read_standing
from tests.support.console_bench import ConsoleBench
from tests.support.real_time import wait_until
from tests.support.standing import example, keep
from workstation.console.units import KeptUnit


def led_by(bench: ConsoleBench, unit: str) -> None:
    """The clinic changes its unit of force."""
    clinic = read_standing(bench.site.folder).clinic
    assert clinic is not None
    record = example("clinic", **{**clinic.record.model_dump(mode="json"), "force_unit": unit})
    keep(bench.site.folder, record, made_from=clinic.number)


def unit(bench: ConsoleBench) -> ForceUnit:
    return bench.site.words.settings.unit_of_force


def test_the_unit_of_force_stays_while_a_session_is_open(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    led_by(bench, "N")
    bench.site.refresh_words()
    assert unit(bench) is ForceUnit.NEWTON
    link.show(doing=Doing.SESSION, session_id="20261130T140000Z-aaaaaa", phase="holding")
    led_by(bench, "kgf")
    bench.site.refresh_words()
    assert unit(bench) is ForceUnit.NEWTON
    assert "1.8 N" in bench.page("/units/Table%201")
    link.show(doing=Doing.IDLE, session_id="", phase="idle")
    bench.site.refresh_words()
    assert unit(bench) is ForceUnit.KILOGRAM


def test_a_console_that_can_show_nothing_gives_up(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: KeptUnit) -> None:
        raise ValueError("no words for this")

    monkeypatch.setattr(KeptUnit, "keep", fail)
    wait_until(lambda: "given up" in bench.log, "the end of the frames")
    assert "nothing can be shown any more: ValueError('no words for this')" in bench.log
