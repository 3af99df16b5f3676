"""The bundle of a session: its evidence, and the documents that were made of it."""

from __future__ import annotations

from controller.errors import RequestRefused
from records.evidence.bundle import BundleDocuments, write_bundle
from records.evidence.reader import read_stored
from records.exports.formats import written
from records.keys.signing import load_or_create_key
from records.store.record_folder import RecordFolder
from records.visit.visit import Visit


def bundle_of(folder: RecordFolder, visit: Visit) -> bytes:
    """Returns the bundle of the requested session; raises RequestRefused when it is not sealed.

    A bundle is the evidence of one session. The note and the charge in it are those of its visit.
    """
    try:
        charge = written(visit, "csv").decode()
    except RequestRefused:
        charge = None
    documents = BundleDocuments(
        order_text=visit.asked_session.order.source_text,
        note_text=written(visit, "text").decode(),
        charge_csv=charge,
    )
    stored = read_stored(folder, visit.asked_session.session_id)
    return write_bundle(stored, documents, load_or_create_key(folder))
