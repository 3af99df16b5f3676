"""``traction observe`` before a session is opened: what is refused, with which status."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import AnswerMissing, PrescriptionInvalid, RequestRefused
from tests.support.commands import invoke
from tests.support.sessions import SHORT_CERVICAL
from workstation.exit_status import WRONG, exit_status

SAID = {
    "--profile": "laumas_tlb",
    "--serial": "TLB 4711",
    "--calibrated": "2026-11-02, B. Example, 5.00 kg",
    "--table": "table, room 2",
    "--set-by": "C. Example, PT",
}


def refusal(tmp_path: Path, order: str = SHORT_CERVICAL, **said: str) -> BaseException:
    """What ``traction observe`` raises; ``set_by="x"`` replaces an option."""
    (tmp_path / "order.toml").write_text(order, encoding="utf-8")
    options = SAID | {f"--{name.replace('_', '-')}": value for name, value in said.items()}
    words = ["observe", "modbus-rtu:///dev/ttyNONE?unit=1", "--order", str(tmp_path / "order.toml")]
    words += [word for pair in options.items() for word in pair]
    result = invoke(*words, "--data", str(tmp_path / "data"))
    assert result.exception is not None
    return result.exception


def test_nobody_who_could_end_it_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert isinstance(error, AnswerMissing)
    assert exit_status(error) == WRONG
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("option", ["serial", "calibrated", "table", "set_by"])
def test_words_that_no_record_can_show_are_refused_by_the_name_of_the_option(
    tmp_path: Path, option: str
) -> None:
    error = refusal(tmp_path, **{option: "two\nlines"})
    assert isinstance(error, RequestRefused)
    assert f"--{option.replace('_', '-')}" in error.message


@pytest.mark.parametrize("option", ["serial", "calibrated", "table", "set_by"])
def test_nobody_may_be_silent_on_instrument_and_table(tmp_path: Path, option: str) -> None:
    assert isinstance(refusal(tmp_path, **{option: ""}), RequestRefused)


def test_a_wrong_order_is_refused_first(tmp_path: Path) -> None:
    error = refusal(tmp_path, order=SHORT_CERVICAL + 'nonsense = "1"\n')
    assert isinstance(error, PrescriptionInvalid)
