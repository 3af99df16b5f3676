"""Plays the sounds that a person must hear once a day."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from controller.ports import Clock
from workstation.sound.player_client import SoundPlayer, SoundState

PATIENCE_S: Final = 15.0
"""A loudspeaker that has not answered within this time does not answer."""
TURN_S: Final = 0.05
PLAYED: Final = ("high", "end")
"""The sound that must be heard, and the one that ends a session."""


def played_sounds(clock: Clock) -> SoundState:
    """Play alarm and end; returns the state after the last sound, or the one without sound."""
    player = SoundPlayer()
    try:
        return _play(player, clock)
    finally:
        player.close()


def _play(player: SoundPlayer, clock: Clock) -> SoundState:
    state = _until(player, clock, lambda state: state.sounds)
    for count, name in enumerate(PLAYED, start=1):
        if state.sounds:
            player.play(name)
            state = _until(player, clock, partial(_has_played, count))
    return state


def _has_played(count: int, state: SoundState) -> bool:
    return state.played >= count


def _until(player: SoundPlayer, clock: Clock, fact: Callable[[SoundState], bool]) -> SoundState:
    """Returns the state once ``fact`` is true, or after the longest wait."""
    end_s = clock.now_s() + PATIENCE_S
    while not fact(state := player.keep_up(clock.now_s())) and clock.now_s() < end_s:
        clock.sleep_until(clock.now_s() + TURN_S)
    return state
