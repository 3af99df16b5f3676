"""``traction order check``: the plan and the questions without any unit."""

from __future__ import annotations

from pathlib import Path

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Region
from tests.support.commands import invoke
from workstation.texts.order_template import order_template


def test_check_prints_steps_total_time_and_questions(tmp_path: Path) -> None:
    file = tmp_path / "order.toml"
    steps = order_template(Region.LUMBAR).replace("progressive_steps = 0", "progressive_steps = 2")
    file.write_text(steps, encoding="utf-8")
    result = invoke("order", "check", str(file))
    assert result.exit_code == 0
    assert "progressive  1 min 20 s, steps at 76.7 N, 138.3 N" in result.output
    assert "total        16 min" in result.output
    assert "call_bell_in_hand" in result.output


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "order.toml"
    text = order_template(Region.LUMBAR).replace("regressive_steps = 0", "regressive_steps = 10")
    file.write_text(text, encoding="utf-8")
    result = invoke("order", "check", str(file))
    assert isinstance(result.exception, PrescriptionInvalid)
    assert "regressive_steps=10 steps is outside 0 to 9" in str(result.exception)
