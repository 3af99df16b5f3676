"""The machine's clock is set back while somebody works: nothing lasts longer, nothing is lost."""

from __future__ import annotations

from controller.runtime.clock import VirtualClock
from records.accounts.accounts import EMERGENCY_LASTS_S
from records.accounts.sign_in_file import SignIn
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench
from tests.support.console_visits import FINDINGS, answers, check, fields_of
from tests.support.sessions import SETTINGS
from workstation.console.kept_board import EXAMINED_EVERY_S, KeptExamination
from workstation.console.kept_sign_ins import not_ahead
from workstation.doctor.fact import WorkstationFact
from workstation.settings import Settings

HOUR_MS = 3_600_000


def test_nobody_stays_signed_in_longer(bench: ConsoleBench, clock: VirtualClock) -> None:
    bench.sit_down()
    clock.utc_origin_ms -= HOUR_MS
    assert ">Pat Jones</a>" in bench.page("/")
    clock.sleep_until(clock.now_s() + SETTINGS.sign_out_minutes * 60 + 1)
    assert bench.client.get("/person/here").status_code == 410


def test_a_day_and_an_emergency_last_no_longer() -> None:
    now_ms = 5 * HOUR_MS
    ahead = SignIn(
        account="pat",
        name="Pat Jones",
        since_utc_ms=now_ms + HOUR_MS,
        touched_utc_ms=now_ms + HOUR_MS,
        emergency_until_utc_ms=now_ms + 2 * HOUR_MS,
    )
    kept = not_ahead(ahead, now_ms)
    assert (kept.since_utc_ms, kept.touched_utc_ms) == (now_ms, now_ms)
    assert kept.emergency_until_utc_ms == now_ms + EMERGENCY_LASTS_S * 1000
    assert not_ahead(kept, now_ms + 1) == kept


def test_what_is_typed_later_stands(bench: ConsoleBench, clock: VirtualClock, order: str) -> None:
    check(bench, order, hold_force="55 N")
    clock.utc_origin_ms -= HOUR_MS
    check(bench, order, hold_force="50 N")
    assert fields_of(bench.page(f"{order}/order"))["hold_force"] == "50 N"


def test_a_visit_of_the_same_day_goes_on(
    bench: ConsoleBench, clock: VirtualClock, order: str
) -> None:
    clock.utc_origin_ms -= HOUR_MS // 60
    form = fields_of(bench.page(f"{order}/order"))
    assert bench.post(f"{order}/order/start", **{**form, **FINDINGS}) == "/units/Table%201"


def test_an_older_step_that_is_sent_again_after_the_start_changes_nothing(
    bench: ConsoleBench, order: str
) -> None:
    form = {**fields_of(bench.page(f"{order}/order")), **FINDINGS}
    bench.post(f"{order}/order/start", **form)
    asked = len(bench.links["Table 1"].asked)
    bench.client.post(f"{order}/order/start", data=form)
    bench.client.post(f"{order}/screen", data=answers())
    assert len(bench.links["Table 1"].asked) == asked


def test_the_workstation_is_examined_no_later(bench: ConsoleBench, clock: VirtualClock) -> None:
    looks: list[int] = []

    def examine(
        _folder: RecordFolder, _settings: Settings, utc_ms: int
    ) -> tuple[WorkstationFact, ...]:
        looks.append(utc_ms)
        return ()

    kept = KeptExamination(
        bench.site.folder, bench.site.words, clock, is_treating=lambda: False, examine=examine
    )
    kept.look()
    clock.utc_origin_ms -= HOUR_MS
    clock.sleep_until(clock.now_s() + EXAMINED_EVERY_S)
    kept.look()
    assert len(looks) == 1
    clock.sleep_until(clock.now_s() + 1)
    kept.look()
    assert len(looks) == 2
    assert kept.newest is not None
    assert kept.newest.looked_utc_ms == looks[1] < looks[0]
