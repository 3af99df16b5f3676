"""Who counts as looking, and how many streams one browser has."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from controller.runtime.clock import VirtualClock
from workstation.console.live_pages import CONFIRMED_S, MOST_STREAMS, LivePages


def test_a_page_counts_from_its_word_on_and_not_for_long() -> None:
    clock = VirtualClock()
    pages = LivePages(clock)
    with pages.opened("one") as stream:
        assert pages.count() == 0
        assert pages.confirm(stream.id)
        assert pages.heartbeat().live_pages == 1
        clock.sleep_until(clock.now_s() + CONFIRMED_S + 0.1)
        assert pages.count() == 0
        assert pages.confirm(stream.id)
        assert pages.count() == 1
    assert pages.count() == 0
    assert not pages.confirm(stream.id)


def test_a_browser_has_three_streams_and_the_oldest_ends() -> None:
    pages = LivePages(VirtualClock())
    with ExitStack() as stack:
        streams = [stack.enter_context(pages.opened("one")) for _ in range(MOST_STREAMS)]
        other = stack.enter_context(pages.opened("two"))
        assert not any(each.is_ended for each in [*streams, other])
        stack.enter_context(pages.opened("one"))
        assert [each.is_ended for each in [*streams, other]] == [True, False, False, False]
        assert not pages.confirm(streams[0].id)
    assert not pages.is_watched


def test_a_page_that_asks_anew_ends_its_own_stream_and_no_other() -> None:
    """Its connection may have died without a word, so that the console still counts it."""
    pages = LivePages(VirtualClock())
    with ExitStack() as stack:
        streams = [stack.enter_context(pages.opened("one")) for _ in range(MOST_STREAMS)]
        stranger = stack.enter_context(pages.opened("two"))
        for before in (streams[1], stranger):
            stack.enter_context(pages.opened("one", instead_of=before.id))
            assert not stranger.is_ended
        assert [each.is_ended for each in streams] == [True, True, False]


def test_a_slow_page_gets_the_newest_frame_alone() -> None:
    pages = LivePages(VirtualClock())

    async def look() -> list[bytes | None]:
        with pages.opened("one") as stream:
            pages.show(b"1")
            pages.show(b"2")
            first = await stream.next()
            pages.show(b"3")
            second = await stream.next()
            stream.end()
            return [first, second, await stream.next()]

    assert asyncio.run(look()) == [b"2", b"3", None]
