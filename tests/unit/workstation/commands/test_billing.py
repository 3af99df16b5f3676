"""Scrub, offer, accept, estimate: a session's claim through the commands, in one process."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.errors import RequestRefused
from records.claim.account import account_number
from records.claim.context_file import parse_context
from records.evidence.session_check import check_session
from records.evidence.stored_session import StoredSession
from records.exports.formats import written
from records.store.record_folder import RecordFolder
from records.visit import billing
from records.visit.load import load_visit
from tests.support.claims import FEES, WHOLE_CLAIM
from tests.support.commands import run, said
from tests.support.sessions import SETTINGS, staged
from tests.support.standing import example, keep, patient

pytestmark = pytest.mark.usefixtures("code_list_of_any_day", "clinic_time_zone")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    """A data made with one completed session."""
    made = RecordFolder(tmp_path_factory.mktemp("billing"))
    with staged(made) as stage:
        stage.treat()
    return made


def context_file(folder: RecordFolder, place: Path, **changes: Any) -> Path:
    """The claim as the practice's system has it: the session's own, with more."""
    view = billing.billed(folder, load_visit(folder, "session-1", SETTINGS), payer="medicare_b")
    assert view.context is not None
    context = view.context.model_dump(mode="json", exclude={"source", "source_digest"})
    if "billing" in changes:
        (line,) = context["lines"]
        context["lines"] = [{**line, "charge": "22.00", "pos": "11"}]
        context["payer"] |= {"name": "Medicare Part B", "payer_id": "06102"}
    path = place / "claim.json"
    path.write_text(json.dumps({**context, **changes}))
    return path


def scrubbed(folder: RecordFolder, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        run(folder, "scrub", "session-1", "--json", *words).stdout
    )
    return document


def test_scrub_names_payer_sources_evidence_and_closes_with_the_advice(
    folder: RecordFolder,
) -> None:
    result = run(folder, "scrub", "session-1", "--payer", "medicare_b")
    assert result.exit_code == 3
    assert "Payer profile medicare_b" in result.stdout
    assert "NOT READY" in result.stdout
    assert "error T-021" in result.stdout
    assert "evidence: Traction began: " in result.stdout
    assert "judged by data of 2024-07-01 (NCCI pairs)" in result.stdout.splitlines()[0]
    assert "error T-006  not judged: lines.technique is missing" in result.stdout
    assert result.stdout.rstrip().endswith("above all where a finding stays.")


def test_the_json_report_has_the_same_findings_and_journal_ranges(folder: RecordFolder) -> None:
    document = scrubbed(folder, "--payer", "medicare_b")
    assert not document["ready"]
    (clock,) = (f for f in document["findings"] if f["rule"] == "T-020")
    began = next(e for e in clock["evidence"] if e["name"] == "started_at")
    assert began["records"][0] == "event"
    assert began["digest"] == load_visit(folder, "session-1", SETTINGS).note.seal


def test_a_modifier_is_on_the_claim_only_once_a_person_accepted_it(
    folder: RecordFolder, tmp_path: Path
) -> None:
    path = str(context_file(folder, tmp_path))
    before = scrubbed(folder, "--context", path)
    assert [o["value"] for o in before["offers"]][:1] == ["GP"]
    assert charge(folder)["mod1"] == ""
    kept = run(
        folder,
        "accept",
        "session-1",
        "--modifier",
        "GP",
        "--by",
        "P. Jones",
        "--context",
        path,
    )
    assert kept.stdout.strip() == "accepted: 97012:GP by P. Jones"
    (acceptance,) = load_visit(folder, "session-1", SETTINGS).acceptances
    assert acceptance.by == "P. Jones"
    assert acceptance.evidence == ("against: no plan of care with a discipline is recorded",)
    after = scrubbed(folder, "--context", path)
    assert "T-021" not in [finding["rule"] for finding in after["findings"]]
    assert after["accepted"][0]["value"] == "97012:GP"
    assert charge(folder)["mod1"] == "GP"
    run(folder, "accept", "session-1", "--modifier", "GP", "--by", "P. Jones", "--withdraw")
    assert charge(folder)["mod1"] == ""


def test_an_accepted_diagnosis_without_room_is_named_and_can_be_withdrawn(
    folder: RecordFolder, tmp_path: Path
) -> None:
    twelve = [f"M54{number}" for number in range(10, 22)]
    path = str(context_file(folder, tmp_path, diagnoses=twelve))
    word = ("--diagnosis", "M43.16", "--by", "P. Jones", "--context", path)
    run(folder, "accept", "session-1", *word)
    named = "accepted diagnosis M4316: not on the claim, which lists 12 others"
    assert named in scrubbed(folder, "--context", path)["not_checked"]
    run(folder, "accept", "session-1", *word, "--withdraw")
    assert named not in scrubbed(folder, "--context", path)["not_checked"]


def charge(folder: RecordFolder) -> dict[str, str]:
    text = written(load_visit(folder, "session-1", SETTINGS), "csv").decode()
    (row,) = csv.DictReader(io.StringIO(text))
    return row


def test_what_was_not_offered_is_kept_as_such(folder: RecordFolder) -> None:
    run(folder, "accept", "session-1", "--diagnosis", "m54.2", "--by", "P. Jones")
    kept = {a.value: a for a in load_visit(folder, "session-1", SETTINGS).acceptances}
    assert kept["M542"].evidence == ("the program did not offer it",)
    run(folder, "accept", "session-1", "--diagnosis", "M542", "--by", "P.", "--withdraw")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--modifier", "GP"], "by is empty"),
        (["--by", "P"], "say one of --modifier, --diagnosis and --billing"),
        (["--by", "P", "--modifier", "GP", "--billing", "bill"], "and no second"),
        (["--by", "P", "--billing", "half", "--reason", "x"], "billing='half' is not one of bill,"),
        (["--by", "P", "--billing", "no-bill"], "reason is empty; say why with --reason"),
        (["--by", "P", "--billing", "bill", "--reason", "a\u202eb"], "reason"),
        (["--by", "P", "--billing", "bill-52", "--reason", "x"], "not known to take modifier 52"),
        (["--by", "P", "--modifier", "gp"], "modifier='gp' is not two capitals"),
        (["--by", "P", "--modifier", "GP", "--line", "1"], "line='1' is not a code"),
        (["--by", "P", "--diagnosis", "back"], "diagnosis='back' does not have the shape"),
    ],
)
def test_an_acceptance_that_says_too_little_is_refused(
    folder: RecordFolder, words: list[str], message: str
) -> None:
    result = run(folder, "accept", "session-1", *words)
    assert result.exit_code != 0
    assert message in str(result.exception)


def test_a_named_person_decides_whether_a_treatment_is_billed(folder: RecordFolder) -> None:
    words = ("accept", "session-1", "--by", "P. Jones")
    no = (*words, "--billing", "no-bill", "--reason", "patient felt unwell")
    assert run(folder, *no).stdout.strip() == "accepted: no-bill by P. Jones"
    (finding,) = (f for f in scrubbed(folder)["findings"] if f["rule"] == "T-088")
    assert finding["message"] == "P. Jones decided that 97012 is not billed: patient felt unwell"
    (kept,) = (
        a for a in load_visit(folder, "session-1", SETTINGS).acceptances if a.what == "billing"
    )
    assert kept.evidence[0] == "reason: patient felt unwell"
    run(folder, *words, "--billing", "no-bill", "--withdraw")
    assert "T-088" not in [finding["rule"] for finding in scrubbed(folder)["findings"]]


def test_52_stands_on_the_line_where_the_profile_takes_it(folder: RecordFolder) -> None:
    payers = folder.path / "payers"
    payers.mkdir(exist_ok=True)
    (payers / "reduced.toml").write_text(
        'name = "reduced"\ntitle = "R"\nkind = "commercial"\nvalid_from = 2026-01-01\n'
        'source = "policy 8"\nstrength = "B"\naccepts_52 = true\n'
    )
    words = ("accept", "session-1", "--by", "P. Jones", "--payer", "reduced")
    run(folder, *words, "--billing", "bill-52", "--reason", "stopped early")
    assert charge(folder)["mod1"] == "52"
    run(folder, *words, "--billing", "bill-52", "--reason", "slip", "--withdraw")
    assert charge(folder)["mod1"] == ""


def test_what_an_export_would_refuse_is_a_finding_of_the_command(
    folder: RecordFolder, tmp_path: Path
) -> None:
    path = context_file(folder, tmp_path, **WHOLE_CLAIM, claim_id="\u03a9")
    (refused,) = (
        f for f in scrubbed(folder, "--context", str(path))["findings"] if f["rule"] == "T-086"
    )
    assert "an identifier is never changed" in refused["message"]


def test_a_profile_of_another_kind_of_payer_keeps_the_claim_back(
    folder: RecordFolder, tmp_path: Path
) -> None:
    """The profile of the file, and that of --payer."""
    payer = {"kind": "medicare_b", "profile": "commercial"}
    path = str(context_file(folder, tmp_path, payer=payer))
    for words in ((), ("--payer", "commercial"), ("--payer", "va")):
        rules = [f["rule"] for f in scrubbed(folder, "--context", path, *words)["findings"]]
        assert "T-096" in rules, words
    right = scrubbed(folder, "--context", path, "--payer", "medicare_chiropractic")["findings"]
    assert "T-096" not in [finding["rule"] for finding in right]


def test_an_estimate_shows_its_steps_and_the_trade_figures(
    folder: RecordFolder, tmp_path: Path
) -> None:
    table = tmp_path / "fees.toml"
    day = load_visit(folder, "session-1", SETTINGS).charge().values["dos"]
    table.write_text(FEES.replace("2026-01-01", day).replace("2026-12-31", day))
    result = run(folder, "estimate", "session-1", "--fees", str(table))
    assert result.exit_code == 0
    assert result.stdout.startswith("ESTIMATE for 97012")
    assert re.search(r"amount +0\.43 x \$33\.4009 +\$14\.36$", result.stdout, re.MULTILINE)
    assert "$14-$22" in result.stdout
    assert "Prior authorization: ask the plan" in result.stdout
    document = json.loads(
        run(folder, "estimate", "session-1", "--fees", str(table), "--json").stdout
    )
    assert (document["amount"], document["label"]) == ("14.36", "estimate")
    table.write_text(FEES.replace("2026-", "2019-"))
    result = run(folder, "estimate", "session-1", "--fees", str(table))
    assert "has no row for 97012 on" in str(result.exception)


def test_without_a_table_nothing_is_estimated(folder: RecordFolder) -> None:
    result = run(folder, "estimate", "session-1")
    assert isinstance(result.exception, RequestRefused)
    assert "give one with --fees FILE" in str(result.exception)


def test_payers_of_the_user_are_found_and_listed(folder: RecordFolder) -> None:
    payers = folder.path / "payers"
    payers.mkdir(exist_ok=True)
    (payers / "valley.toml").write_text(
        'name = "valley"\ntitle = "Valley Health"\nkind = "commercial"\n'
        'valid_from = 2026-01-01\nsource = "policy 7"\nstrength = "B"\nmin_minutes = 15\n'
    )
    assert "Valley Health, of 2026-01-01 (policy 7)" in run(folder, "payers").stdout
    assert scrubbed(folder, "--payer", "valley")["profile"] == "valley"
    result = run(folder, "scrub", "session-1", "--payer", "vally")
    assert "choose one of auto, cigna_ash" in str(result.exception)


def test_claim_new_prints_the_session_s_claim_and_writes_no_file_twice(
    folder: RecordFolder, tmp_path: Path
) -> None:
    printed = run(folder, "claim", "new", "session-1", "--payer", "va").stdout
    assert f'claim_id = "{account_number("session-1")}"' in printed
    assert 'profile = "va"' in printed
    path = tmp_path / "claim.toml"
    words = ("claim", "new", "session-1", "--out", str(path))
    assert run(folder, *words).exit_code == 0
    assert "exists already" in str(run(folder, *words).exception)
    assert scrubbed(folder, "--context", str(path))["profile"] == "commercial"


def test_a_billed_visit_was_verified_once(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []

    def counted(stored: StoredSession, *rest: Any, **named: Any) -> Any:
        checked.append(stored.head.session_id)
        return check_session(stored, *rest, **named)

    monkeypatch.setattr("records.evidence.guarded_check.check_session", counted)
    visit = load_visit(folder, "session-1", SETTINGS)
    for altered, severities in (("", []), ("the seal: another one", ["error"])):
        view = billing.billed(folder, replace(visit, altered=altered))
        assert view.report is not None
        assert [found.severity for found in view.report.of_rule("N-11")] == severities
    assert checked == ["session-1"]


def test_an_altered_log_is_said(folder: RecordFolder) -> None:
    view = billing.billed(folder, load_visit(folder, "session-1", SETTINGS))
    assert view.report is not None
    assert view.report.of_rule("N-11") == []
    from records.claim.rules.scrubber import scrub

    assert view.context is not None
    assert view.facts is not None
    record = replace(view.record, seal=bytes(32))
    report = scrub(view.note, record, view.context, view.facts.profile, view.facts.tables)
    assert [f.severity for f in report.of_rule("N-11")] == ["error"]


def test_a_new_claim_takes_proposals_marked_with_their_version(tmp_path: Path) -> None:
    """Of clinic, patient and whoever treated; what record and order say stays as it is."""
    folder = RecordFolder(tmp_path)
    keep(folder, example("clinic"))
    keep(folder, example("person"))
    keep(folder, patient(member_id="OLD", plan={"cert_through": "2027-01-29"}))
    with staged(folder) as stage:
        stage.treat()
    keep(folder, patient(plan={"cert_through": "2027-01-29"}), made_from=1, by="B. Example")
    performed = "performed_by=Pat Jones, PT, DPT"
    note = ("note", "session-1", "--complete", performed, "--by", "P. Jones")
    said(folder, *note)
    text = said(folder, "claim", "new", "session-1")
    for line, of in (
        ('member_id = "1EG4TE5MK73"', "patient TEST-1, version 2 by B. Example"),
        ("cert_through = 2027-01-29", "patient TEST-1, version 2 by B. Example"),
        ('name = "Medicare Part B"', "patient TEST-1, version 2 by B. Example"),
        ('last_name = "Example Spine Clinic"', "clinic, version 1 by P. Jones"),
        ('credentials = "PT, DPT"', "person PJ, version 1 by P. Jones"),
    ):
        (found,) = [each for each in text.splitlines() if each.startswith(f"{line} ")]
        assert f"# PROPOSED by {of}, check it" in found
    claim = parse_context(text, "claim.toml")
    assert claim.payer.profile == "medicare_b"
    assert claim.diagnoses == ("M50120",)
    assert claim.patient is not None
    assert claim.patient.last_name == "Doe"
    assert claim.rendering is not None
    assert claim.rendering.npi == "1679576722"
    assert claim.therapy_ytd_allowed is None
    assert "PROPOSED" not in "".join(re.findall(r"^diagnoses = .*$", text, re.MULTILINE))


def test_another_payer_than_the_patient_s_takes_nothing_of_it(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path)
    keep(folder, patient())
    with staged(folder) as stage:
        stage.treat()
    text = said(folder, "claim", "new", "session-1", "--payer", "commercial")
    claim = parse_context(text, "claim.toml")
    assert (claim.payer.profile, claim.payer.name) == ("commercial", "")


def test_the_clinic_s_fee_table_is_taken_unless_another_is_named(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path)
    with staged(folder) as stage:
        stage.treat()
    keep(folder, example("clinic", fee_table="fees.toml"))
    (tmp_path / "fees.toml").write_text(FEES)
    (tmp_path / "other.toml").write_text(FEES.replace("33.4009", "66.8018"))
    own = json.loads(run(folder, "estimate", "session-1", "--json").stdout)
    named = ("--fees", str(tmp_path / "other.toml"))
    other = json.loads(run(folder, "estimate", "session-1", "--json", *named).stdout)
    assert own["table"].startswith("fees.toml")
    assert float(other["amount"]) == pytest.approx(2 * float(own["amount"]), abs=0.02)
