"""A claim that left is on record; a second one and a later change are said."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from controller.errors import ExportRefused, JournalCorrupt
from controller.events import JsonValue
from records.claim.context import ClaimContext
from records.clinic.acceptance import OfferAnswer, record_acceptance
from records.clinic.claim_exports import EXPORT_OF_CLAIM
from records.clinic.clinic_verify import verify_clinic
from records.clinic.readings import take_up_readings
from records.note.lifecycle import amend, complete, sign
from records.store.author import Person
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.record_folder import RecordFolder
from records.visit.billing import billed
from records.visit.load import load_visit
from records.visit.sent import context_digest, exported, keep_export, refuse_second, sent_texts
from records.visit.visit import Visit
from tests.support.accounts import shared_records
from tests.support.claims import made_claim
from tests.support.notes import ALL_WORDS, BEGAN_MS, HOUR_MS, author, note_of, recorded
from tests.support.second_payers import two_payer_claim
from tests.support.sessions import SETTINGS

pytestmark = pytest.mark.usefixtures("code_list_of_any_day")

SESSION = "s-1"
CONTENT = b"ISA*00*"


def seen(folder: RecordFolder) -> Visit:
    """The visit as the export command sees it, with a report that found no error."""
    visit = billed(folder, load_visit(folder, SESSION, SETTINGS), payer="medicare_b")
    assert visit.report is not None
    return replace(visit, report=replace(visit.report, results=()))


def imported(visit: Visit, **changes: object) -> Visit:
    """The same with the claim of a practice's file."""
    assert visit.context is not None
    context = visit.context.model_copy(
        update={"source": "claim.json", "source_digest": "00" * 32, **changes}
    )
    return replace(visit, context=ClaimContext.model_validate(context.model_dump()))


def send(folder: RecordFolder, visit: Visit, format_name: str = "837p") -> None:
    keep_export(folder, visit, author(folder), format_name, "claim.txt", CONTENT)


def test_an_export_is_on_record_with_file_digest_person_and_time(folder: RecordFolder) -> None:
    recorded(folder)
    send(folder, seen(folder))
    (kept,) = seen(folder).sent
    assert (kept.format, kept.file, kept.ready) == ("837p", "claim.txt", True)
    assert kept.digest == hashlib.sha256(CONTENT).hexdigest()
    assert (kept.by, kept.at_utc_ms) == (author(folder).by, author(folder).at_utc_ms)
    assert verify_clinic(folder).alterations == ()


def test_a_second_claim_of_the_same_format_is_refused_with_the_first_in_words(
    folder: RecordFolder,
) -> None:
    recorded(folder)
    refuse_second(seen(folder), "837p")
    send(folder, seen(folder))
    with pytest.raises(ExportRefused, match=r"exported as 837p already: 837p, claim\.txt, .*again"):
        refuse_second(seen(folder), "837p")
    refuse_second(seen(folder), "csv")
    (text,) = sent_texts(seen(folder))
    assert text.startswith("837p, claim.txt, ")


def test_a_claim_with_errors_was_no_claim_to_send(folder: RecordFolder) -> None:
    recorded(folder)
    with_errors = billed(folder, load_visit(folder, SESSION, SETTINGS), payer="medicare_b")
    assert with_errors.report is not None
    assert with_errors.report.blocked
    send(folder, with_errors)
    assert [one.ready for one in seen(folder).sent] == [False]
    refuse_second(seen(folder), "837p")
    assert sent_texts(seen(folder)) == ()
    assert exported(seen(folder)).differences == ()


def test_an_amendment_behind_the_export_is_said_and_signing_a_draft_is_none(
    folder: RecordFolder,
) -> None:
    recorded(folder)
    complete(folder, note_of(folder), ALL_WORDS, author(folder))
    send(folder, seen(folder))
    sign(folder, note_of(folder), "PT", author(folder))
    assert exported(seen(folder)).differences == ()
    amend(folder, note_of(folder), {"pain_after": "2"}, "misheard", author(folder))
    (text,) = exported(seen(folder)).differences
    assert text.startswith("claim differs from what was exported (837p, claim.txt, ")
    assert text.endswith("the note or what was accepted changed since")
    visit = billed(folder, load_visit(folder, SESSION, SETTINGS), payer="medicare_b")
    assert text in visit.face.alerts


def test_the_newest_export_counts(folder: RecordFolder) -> None:
    recorded(folder)
    send(folder, seen(folder))
    complete(folder, note_of(folder), {"pain_after": "2"}, author(folder))
    assert exported(seen(folder)).differences
    send(folder, seen(folder))
    assert exported(seen(folder)).differences == ()


def test_an_acceptance_that_is_taken_back_is_said(folder: RecordFolder) -> None:
    recorded(folder)
    answer = OfferAnswer(
        session_id=SESSION, what="modifier", value="97012:GP", accepted=True, evidence=()
    )
    record_acceptance(folder, answer, author(folder), patient_key="p")
    send(folder, seen(folder))
    record_acceptance(folder, replace(answer, accepted=False), author(folder), patient_key="p")
    assert exported(seen(folder)).differences


def test_another_claim_context_is_said_and_the_record_s_own_is_not_compared(
    folder: RecordFolder,
) -> None:
    recorded(folder)
    send(folder, imported(seen(folder)))
    assert exported(imported(seen(folder))).differences == ()
    assert exported(seen(folder)).differences == (), "no context was imported"
    (text,) = exported(imported(seen(folder), patient_ref="OTHER")).differences
    assert text.endswith("the claim context changed since")
    assert context_digest(None) == ""


def test_an_account_that_may_only_read_leaves_the_row_and_it_counts_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    biller = Person(by="B. Biller", user="biller", at_utc_ms=BEGAN_MS + HOUR_MS)
    with shared_records() as shared:
        keep_export(shared, seen(shared), biller, "csv", "claim.csv", CONTENT)
        (waiting,) = seen(shared).sent
        with pytest.raises(ExportRefused, match=r"by B\. Biller"):
            refuse_second(seen(shared), "csv")
        assert take_up_readings(shared, author(shared)) == 1
        (kept,) = seen(shared).sent
        assert kept == waiting


def test_a_row_that_does_not_name_what_was_written_is_an_alteration(folder: RecordFolder) -> None:
    recorded(folder)
    detail: dict[str, JsonValue] = {
        "session_id": SESSION,
        "what": EXPORT_OF_CLAIM,
        "by": "B",
        "exported": {"file": "f"},
    }
    with clinic_writing(folder) as db:
        append_entries(db, author(folder), [(EntryKind.RECORD_READ, detail)])
    with pytest.raises(JournalCorrupt, match="does not name what was written"):
        seen(folder)


def test_a_claim_of_one_payer_has_the_digest_that_it_had_before_there_were_two() -> None:
    one = made_claim(3, source="claim.toml", source_digest="00")
    text = one.model_dump_json(exclude={"source", "source_digest"})
    before = re.sub(r',"(other_payer|adjudication)":null', "", text)
    assert before != text
    assert context_digest(one) == hashlib.sha256(before.encode()).hexdigest()
    two = one.model_copy(update={"other_payer": two_payer_claim(3).other_payer})
    assert context_digest(two) != context_digest(one)
