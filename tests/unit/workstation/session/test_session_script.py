"""A script of requests: read strictly, made in time, never before the first ramp."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import ScriptInvalid
from controller.requests import AdjustForce, Pause, Resume
from workstation.session.session_script import parse_script, read_script

VISIT = """
[[step]]
at = "2 min"
do = "resume"
by = "A. Example, PT"

[[step]]
at = "90 s"
do = "pause"
by = "A. Example, PT"
reason = "patient turns the head"

[[step]]
at = "150 s"
do = "-5 N"
by = "B. Example, PTA"
reason = "pain"
"""


def test_requests_come_in_the_order_of_their_times() -> None:
    script = parse_script(VISIT, "visit.toml")
    assert script.due(None) == []
    assert script.due(89.9) == []
    pause = Pause(by="A. Example, PT", reason="patient turns the head")
    assert script.due(90.0) == [pause]
    assert script.due(90.05) == []
    assert script.due(200.0) == [
        Resume(by="A. Example, PT"),
        AdjustForce(by="B. Example, PTA", change_n=-5.0, reason="pain"),
    ]
    assert script.due(1000.0) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[step]", "not valid TOML"),
        (VISIT.replace('by = "B. Example, PTA"\n', ""), "step.2.by"),
        (VISIT.replace("-5 N", "less"), "step 3: 'less pain' is not understood"),
        (VISIT.replace("90 s", "90"), "step 2"),
        (VISIT + 'who = "x"\n', "step.2.who"),
    ],
)
def test_faults_name_file_and_step(text: str, said: str) -> None:
    with pytest.raises(ScriptInvalid) as refused:
        parse_script(text, "visit.toml")
    assert refused.value.message.startswith("script visit.toml")
    assert said in refused.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptInvalid, match=r"nowhere\.toml cannot be read"):
        read_script(tmp_path / "nowhere.toml")
