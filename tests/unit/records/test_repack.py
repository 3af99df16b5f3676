"""Old sessions repacked: the same record, fewer bytes, proved before and after."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, RecordNotFound, UnitBusy
from controller.runtime.clock import VirtualClock
from records.integrity import verify
from records.reader import list_sessions, read_session, read_stored
from records.repack import repack
from records.signing import NoKeyStore, load_or_create_key
from records.unit_file import unit_database
from records.unit_lock import UnitLock, holding
from tests.support.altered_records import KEY, UNIT
from tests.support.altering import altering
from tests.support.commands import said
from tests.support.left_open import close_left_open

RELEASED = Path(__file__).parents[2] / "data"


@pytest.fixture(params=["unit-schema-1.db", "unit-schema-2.db", "unit-schema-3.db"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of an older schema whose open session the next start has closed."""
    path = unit_database(tmp_path, UNIT)
    path.parent.mkdir(parents=True)
    shutil.copy(RELEASED / request.param, path)
    close_left_open(tmp_path, UNIT, VirtualClock(), KEY)
    return tmp_path


def _names(data: Path) -> list[str]:
    return [record.head.session_id for record in list_sessions(data)]


def clock_ms() -> int:
    return 1_795_564_800_000


def test_the_record_stays_and_the_links_go(old: Path) -> None:
    loose = [name for name in _names(old) if read_stored(old, name).packed is None]
    before = {name: read_session(old, name) for name in loose}
    links = {name: read_stored(old, name).links for name in loose}
    assert loose
    done = repack(old, UNIT, KEY, clock_ms)
    assert set(done.sessions) == set(loose)
    for name in loose:
        stored = read_stored(old, name)
        assert stored.packed is not None
        assert list(stored.links) == links[name]
        assert read_session(old, name).samples.tobytes() == before[name].samples.tobytes()
        assert read_session(old, name).events == before[name].events
    assert verify(old, public_keys={}).alterations == ()
    assert repack(old, UNIT, KEY, clock_ms).sessions == ()


def test_an_altered_session_stops_it_and_nothing_is_changed(old: Path) -> None:
    with altering(unit_database(old, UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence = 2")
    loose = [name for name in _names(old) if read_stored(old, name).packed is None]
    with pytest.raises(JournalCorrupt, match="does not fit before its repacking"):
        repack(old, UNIT, KEY, clock_ms)
    assert [name for name in _names(old) if read_stored(old, name).packed is None] == loose


def test_not_while_a_session_is_open(old: Path) -> None:
    with holding(UnitLock(unit_database(old, UNIT))), pytest.raises(UnitBusy):
        repack(old, UNIT, KEY, clock_ms)


def test_the_command_says_what_it_did(old: Path) -> None:
    load_or_create_key(old, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    assert "each checked before and after" in said(old, "repack", UNIT)
    with pytest.raises(RecordNotFound, match="has no file"):
        said(old, "repack", "00000000000000bb")
