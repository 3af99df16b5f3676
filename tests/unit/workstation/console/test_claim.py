"""The claim's page and the documents: accepted by name, on record before they leave."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from controller.runtime.clock import VirtualClock
from records.clinic.audit import accesses
from records.exports.ready import scrubbed
from records.note.lifecycle import complete, sign
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.visit import Visit
from tests.support.altering import altering
from tests.support.claims import FEES
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import ALL_WORDS, BEGAN_MS, DAY_MS, HOUR_MS, author, note_of, recorded
from tests.support.reception import CLINIC_OF_CLAIMS, medicare_patient, open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from tests.support.troubled_writes import locked, troubled_from
from workstation.commands.export import Format
from workstation.console.claim_view import FORMATS
from workstation.console.pages.claim_files import FILE

CLAIM = "/sessions/s-1/claim"
ESTIMATE = "/sessions/s-1/estimate"
FEES_OF_THEN = FEES.replace("2026-", "2025-")
GP = {"kind": "modifier", "value": "97012:GP"}
CLAIMS = ("csv", "837p", "cms1500", "cms1500-json", "hl7-dft")


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """A console the day after a session whose note is signed; Pat Jones sits there."""
    open_clinic(folder)
    keep(folder, medicare_patient("2025-12-20"))
    recorded(folder)
    by = author(folder)
    words = {**ALL_WORDS, "performed_by": "Pat Jones, PT, DPT"}
    complete(folder, note_of(folder), words, by)
    sign(folder, note_of(folder), "PT", by)
    with console_bench(folder, VirtualClock(utc_origin_ms=BEGAN_MS + HOUR_MS)) as opened:
        opened.sit_down()
        yield opened


def visit(bench: ConsoleBench) -> Visit:
    return load_visit(bench.site.folder, "s-1", SETTINGS)


def answered(bench: ConsoleBench, act: str, **fields: str) -> str:
    answer = bench.client.post(f"{CLAIM}/answers", data={**fields, "act": act})
    if answer.status_code == 303:
        return ""
    assert answer.status_code == 422, answer.text
    return str(answer.text)


def ready(bench: ConsoleBench) -> None:
    """Accept what is offered: nothing keeps the claim back then."""
    answered(bench, "accept", **GP)


# --- the estimate -------------------------------------------------------------------------------


def test_what_it_may_bring_is_shown_with_its_arithmetic(bench: ConsoleBench) -> None:
    folder = bench.site.folder
    (folder.path / "fees.toml").write_text(FEES_OF_THEN, encoding="utf-8")
    keep(folder, example("clinic", **CLINIC_OF_CLAIMS, fee_table="fees.toml"), made_from=1)
    assert f'href="{ESTIMATE}"' in bench.page(CLAIM)
    page = bench.page(ESTIMATE)
    assert "ESTIMATE for 97012" in page
    assert "<td>0.43 x $33.4009</td><td>$14.36</td>" in page
    assert "$14-$22 a session from Medicare" in page
    assert "Prior authorization: ask the plan" in page
    assert "estimate" in [each.what for each in accesses(folder)]


@pytest.mark.parametrize(
    ("fees", "fault"),
    [
        (None, "no fee table is loaded; name one in the clinic&#39;s record (fee_table)"),
        (FEES, "has no row for 97012 on 2025-12-31"),
        ("rows = 3", "fee table fees.toml: rows is 3, no list"),
    ],
)
def test_without_a_row_of_the_day_nothing_is_estimated(
    bench: ConsoleBench, fees: str | None, fault: str
) -> None:
    folder = bench.site.folder
    if fees is not None:
        (folder.path / "fees.toml").write_text(fees, encoding="utf-8")
        keep(folder, example("clinic", **CLINIC_OF_CLAIMS, fee_table="fees.toml"), made_from=1)
    answer = bench.client.get(ESTIMATE)
    assert answer.status_code == 422
    assert fault in answer.text
    assert "ESTIMATE for" not in answer.text


# --- the report and the offers ------------------------------------------------------------------


def test_the_verdict_and_each_finding_with_its_evidence_are_shown(bench: ConsoleBench) -> None:
    page = bench.page(CLAIM)
    assert "NOT READY: " in page
    assert re.search(r"Evidence of T-021</summary>\s*<p>[^<]*20\d\d-\d\d-\d\d: ", page)
    assert "Payer profile medicare_b" in page
    assert [each.by for each in accesses(bench.site.folder) if each.what == "scrub"] == [
        "Pat Jones"
    ]


def test_an_offer_is_accepted_by_name_with_what_was_shown(bench: ConsoleBench) -> None:
    assert "Accept 97012:GP as Pat Jones" in bench.page(CLAIM)
    assert answered(bench, "accept", **GP) == ""
    (held,) = visit(bench).acceptances
    assert (held.value, held.by) == ("97012:GP", "Pat Jones")
    assert "for: the plan of care says GP" in held.evidence
    page = bench.page(CLAIM)
    assert "modifier 97012:GP: accepted by Pat Jones, 2025-12-31 19:00:00 CST" in page
    assert "Accept 97012:GP" not in page


def test_an_acceptance_is_kept_once_and_taken_back_by_name(bench: ConsoleBench) -> None:
    for _ in range(2):
        answered(bench, "accept", **GP)
    answered(bench, "withdraw", **GP)
    answered(bench, "withdraw", **GP)
    assert visit(bench).acceptances == ()
    kept = [each for each in accesses(bench.site.folder) if each.kind == "proposal_accepted"]
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("accept", {"kind": "modifier", "value": "97012:XU"}, "is not offered any more"),
        ("accept", {"kind": "modifier", "value": ""}, "is not offered"),
        ("accept", {"kind": "all", "value": "97012:GP"}, "use the buttons"),
        ("", GP, "use the buttons"),
        ("decide", {"value": "bill", "reason": ""}, "reason is empty"),
        ("decide", {"value": "double", "reason": "why"}, "is not one of bill, bill-52, no-bill"),
        ("decide", {"value": "bill", "reason": "x" * 2001}, "at most 2000"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(
    bench: ConsoleBench, act: str, fields: dict[str, str], said: str
) -> None:
    assert said in answered(bench, act, **fields)
    assert visit(bench).acceptances == ()


def test_a_decision_is_kept_with_its_reason_and_may_be_changed(bench: ConsoleBench) -> None:
    for value in ("bill", "no-bill", "bill"):
        bench.clock.sleep_until(bench.clock.now_s() + 1.0)
        assert answered(bench, "decide", value=value, reason="stopped early") == ""
    assert answered(bench, "decide", value="bill", reason="stopped early") == ""
    kept = [each for each in accesses(bench.site.folder) if each.kind == "proposal_accepted"]
    assert len(kept) == 3


def test_a_session_that_runs_has_no_claim(bench: ConsoleBench) -> None:
    recorded(bench.site.folder, "s-2", began_ms=BEGAN_MS + DAY_MS, closed=False)
    answer = bench.client.get("/sessions/s-2/claim")
    assert answer.status_code == 409
    assert "the note begins when the session has ended" in answer.text


def test_a_session_without_a_treatment_has_documents_and_nothing_to_charge(
    bench: ConsoleBench,
) -> None:
    recorded(bench.site.folder, "s-2", began_ms=BEGAN_MS + DAY_MS, held_ms=None, ramped_ms=20_000)
    page = bench.page("/sessions/s-2/claim")
    assert "No treatment was given: there is nothing to charge." in page
    assert "/sessions/s-2/export/bundle" in page
    assert "/sessions/s-2/export/csv" not in page
    assert bench.client.post("/sessions/s-2/export/csv").status_code == 422
    answer = bench.client.post("/sessions/s-2/claim/answers", data={**GP, "act": "accept"})
    assert "there is nothing to charge" in answer.text


def test_the_checkpoints_of_record_and_signature_are_shown(bench: ConsoleBench) -> None:
    page = bench.page(CLAIM)
    note = visit(bench).note
    assert note.checkpoint in page
    assert note.signature_checkpoint in page


# --- documents ----------------------------------------------------------------------------------


def test_every_export_of_the_command_line_is_there() -> None:
    assert {*FORMATS} == {each.value for each in Format}


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in CLAIMS])
def test_documents_for_people_are_handed_out_with_their_audit_row(
    bench: ConsoleBench, name: str
) -> None:
    ready(bench)
    answer = bench.client.get(f"/sessions/s-1/export/{name}")
    assert answer.status_code == 200, answer.text
    shown = "inline" if name == "pdf" else "attachment"
    assert answer.headers["content-disposition"].startswith(f'{shown}; filename="s-1')
    assert answer.content
    assert f"export {name}" in [each.what for each in accesses(bench.site.folder)]
    assert visit(bench).sent == ()


@pytest.mark.parametrize("name", CLAIMS)
def test_a_charge_leaves_by_an_act_and_is_on_record(bench: ConsoleBench, name: str) -> None:
    ready(bench)
    path = f"/sessions/s-1/export/{name}"
    assert bench.client.get(path).status_code == 405
    assert visit(bench).sent == ()
    answer = bench.client.post(path)
    if answer.status_code == 422:  # the payer takes another form
        assert "CMS-1500" in answer.text
        return
    assert answer.status_code == 200, answer.text
    (sent,) = visit(bench).sent
    assert (sent.format, sent.by) == (name, "Pat Jones")
    assert sent.digest == hashlib.sha256(answer.content).hexdigest()


def test_a_claim_that_left_leaves_again_only_when_asked(bench: ConsoleBench) -> None:
    ready(bench)
    path = "/sessions/s-1/export/csv"
    first = bench.client.post(path)
    assert first.status_code == 200, first.text
    assert visit(bench).sent[0].ready
    again = bench.client.post(path)
    assert again.status_code == 422
    assert "A claim that is sent twice is denied as a duplicate" in again.text
    assert 'name="again"' in bench.page(CLAIM)
    assert bench.client.post(path, data={"again": "yes"}).status_code == 200
    assert len(visit(bench).sent) == 2


def test_what_a_program_takes_without_looking_is_refused_with_the_reasons(
    bench: ConsoleBench,
) -> None:
    answer = bench.client.post("/sessions/s-1/export/hl7-dft")
    assert answer.status_code == 422
    assert "is not ready, and its receiver imports without looking: " in answer.text
    assert "T-021" in answer.text
    assert visit(bench).sent == ()


@pytest.mark.parametrize("receiver", ["nobody", "../own", "x" * 10_000])
def test_a_receiver_that_nobody_knows_is_refused(bench: ConsoleBench, receiver: str) -> None:
    answer = bench.client.post("/sessions/s-1/export/csv", data={"receiver": receiver})
    assert answer.status_code == 422
    assert "is not one of" in answer.text


@pytest.mark.parametrize("name", ["exe", "PDF", "scrub"])
def test_a_format_that_is_none_is_no_page(bench: ConsoleBench, name: str) -> None:
    assert bench.client.get(f"/sessions/s-1/export/{name}").status_code == 404
    assert bench.client.post(f"/sessions/s-1/export/{name}").status_code == 404


def test_nothing_of_an_altered_record_is_handed_out(bench: ConsoleBench) -> None:
    with altering(bench.site.folder.clinic_database) as db:
        db.execute("UPDATE session_order SET order_text = replace(order_text, 'left', 'right')")
    paths = [CLAIM, *(f"/sessions/s-1/export/{name}" for name in ("pdf", "bundle", "json"))]
    for path in paths:
        answer = bench.client.get(path)
        assert (answer.status_code, "the order of session s-1" in answer.text) == (409, True)
    answer = bench.client.post("/sessions/s-1/export/csv")
    assert (answer.status_code, "the order of session s-1" in answer.text) == (409, True)


def test_who_has_said_no_name_takes_nothing(bench: ConsoleBench) -> None:
    bench.post("/person/leave")
    assert bench.client.get("/sessions/s-1/export/pdf").status_code == 303
    assert bench.client.post("/sessions/s-1/export/csv").status_code == 303
    assert bench.client.post(f"{CLAIM}/answers", data=GP).status_code == 303
    assert visit(bench).sent == ()
    assert visit(bench).acceptances == ()


# --- another payer, an imported claim -----------------------------------------------------------


def test_a_claim_is_looked_at_by_the_rules_of_another_payer(bench: ConsoleBench) -> None:
    page = bench.page(f"{CLAIM}?payer=cigna_ash")
    assert "Payer profile cigna_ash" in page
    assert '<option value="cigna_ash" selected>' in page
    assert f'href="{ESTIMATE}?payer=cigna_ash"' in page
    answer = bench.client.get("/sessions/s-1/export/scrub-json?payer=cigna_ash")
    assert answer.json()["profile"] == "cigna_ash"


def test_a_payer_that_nobody_knows_is_refused_with_those_that_are_known(
    bench: ConsoleBench,
) -> None:
    answer = bench.client.get(f"{CLAIM}?payer=nobody")
    assert answer.status_code == 409
    assert "payer profile &#39;nobody&#39; is not known; choose one of " in answer.text


def to_fill_in(bench: ConsoleBench) -> str:
    answer = bench.client.get(f"{CLAIM}/new")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="s-1-claim.toml"'
    return str(answer.text)


def imported(bench: ConsoleBench, content: bytes, name: str = "s-1-claim.toml") -> Any:
    return bench.client.post(f"{CLAIM}/file", files={FILE: (name, content)})


def of_the_practice(bench: ConsoleBench, **changes: str) -> bytes:
    """The claim on file as the practice's system has it, with changes."""
    context = scrubbed(bench.site.folder, visit(bench)).context
    assert context is not None
    known = context.model_dump(mode="json", exclude={"source", "source_digest"})
    return json.dumps({**known, **changes}).encode()


def test_what_is_known_of_a_claim_is_handed_out_to_be_filled_in(bench: ConsoleBench) -> None:
    text = to_fill_in(bench)
    assert "claim new" in [each.what for each in accesses(bench.site.folder)]
    assert imported(bench, text.encode()).status_code == 303


def test_an_imported_claim_holds_for_all_that_its_page_sends(bench: ConsoleBench) -> None:
    ready(bench)
    answer = imported(bench, of_the_practice(bench, claim_id="PMS-77"), "day.json")
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    page = bench.page(path)
    assert "The claim is judged as day.json states it" in page
    kept = path.removeprefix(CLAIM)
    assert f'action="/sessions/s-1/export/cms1500-json{kept}"' in page
    taken = bench.client.post(f"{CLAIM}/answers{kept}", data={**GP, "act": "withdraw"})
    assert taken.headers["location"] == path
    answered(bench, "accept", **GP)
    made = bench.client.post(f"/sessions/s-1/export/cms1500-json{kept}")
    assert made.status_code == 200, made.text
    assert "PMS-77" in made.text
    on_file = bench.client.post("/sessions/s-1/export/cms1500-json", data={"again": "yes"})
    assert on_file.status_code == 200, on_file.text
    assert "PMS-77" not in on_file.text


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("", b"", "no file was chosen"),
        ("claim.toml", b"\xff\xfe", "not UTF-8 text"),
        ("claim.xml", b"<a/>", "its ending &#39;.xml&#39; is not .json, .csv or .toml"),
        ("claim.toml", b"", "claim context claim.toml: "),
        ("claim.toml", b"<script>alert(1)</script>", "not valid TOML"),
        ("c\u202elmot.toml", b"", "the name of the file"),
        ("x" * 3000 + ".toml", b"", "at most 2000"),
    ],
)
def test_a_file_that_is_no_claim_is_refused_and_nothing_is_held(
    bench: ConsoleBench, name: str, content: bytes, fault: str
) -> None:
    answer = imported(bench, content, name)
    assert answer.status_code == 422
    assert fault in answer.text
    assert "The claim is judged as" not in answer.text


def test_an_answer_that_could_not_be_kept_is_sent_once_more_to_the_same_claim(
    bench: ConsoleBench,
) -> None:
    kept = imported(bench, of_the_practice(bench), "day.json").headers["location"]
    path = f"{CLAIM}/answers{kept.removeprefix(CLAIM)}"
    with troubled_from(0, locked, bench.site.folder.clinic_database):
        answer = bench.client.post(path, data={**GP, "act": "accept"})
    assert answer.status_code == 409
    assert f'action="{path}"' in unescape(answer.text)


def test_a_file_that_is_held_no_more_is_never_taken_for_the_claim_on_file(
    bench: ConsoleBench,
) -> None:
    recorded(bench.site.folder, "s-2", began_ms=BEGAN_MS + DAY_MS)
    path = imported(bench, to_fill_in(bench).encode()).headers["location"]
    kept = path.removeprefix(CLAIM)
    gone = f"?file={'0' * 32}"
    for address in (f"{CLAIM}{gone}", f"/sessions/s-2/claim{kept}"):
        answer = bench.client.get(address)
        assert (answer.status_code, "is no longer held" in answer.text) == (409, True)
    answer = bench.client.post(f"/sessions/s-1/export/csv{gone}")
    assert (answer.status_code, "is no longer held" in answer.text) == (409, True)
    assert visit(bench).sent == ()
