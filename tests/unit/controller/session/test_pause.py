"""A pause: 60 s of holding, back to the pretension, 5 min there, and over."""

from __future__ import annotations

from controller.session.pause import PauseStep, TreatmentPause


def pause(held_n: float = 100.0) -> TreatmentPause:
    return TreatmentPause(since_s=0.0, held_n=held_n, base_n=15.0, up=10.0, down=20.0)


def steps(of: TreatmentPause, until_s: int) -> list[tuple[int, PauseStep]]:
    found = [(second, of.step(float(second))) for second in range(1, until_s + 1)]
    return [(second, step) for second, step in found if step is not PauseStep.GOES_ON]


def test_a_pause_is_held_then_goes_back_then_is_over() -> None:
    # From 60 s it takes 4.25 s from 100 N to 15 N; seen at 65 s, and 300 s later it is over.
    assert steps(pause(), 365) == [(60, PauseStep.REGRESSES), (365, PauseStep.OVER)]


def test_a_force_below_the_pretension_is_not_raised_to_it() -> None:
    held = pause(held_n=12.0)
    assert steps(held, 361) == [(60, PauseStep.REGRESSES), (361, PauseStep.OVER)]
    assert held.target_n(361.0) == 12.0


def test_ticks_that_do_not_add_up_in_binary_do_not_make_the_limits_longer() -> None:
    # 80.1 - 20.1 is 59.999... in binary, and 512.05 - 212.05 is 299.999...
    held = TreatmentPause(since_s=20.1, held_n=10.0, base_n=15.0, up=10.0, down=20.0)
    assert held.step(80.05) is PauseStep.GOES_ON
    assert held.step(80.1) is PauseStep.REGRESSES
    held = TreatmentPause(since_s=100.0, held_n=10.0, base_n=15.0, up=10.0, down=20.0)
    assert held.step(212.0) is PauseStep.REGRESSES
    held.step(212.05)
    assert held.step(512.0) is PauseStep.GOES_ON
    assert held.step(512.05) is PauseStep.OVER


def test_the_way_back_is_a_ramp_and_ends_the_limits() -> None:
    held = pause()
    steps(held, 70)
    held.return_to(100.0, 70.0)
    assert held.returning
    assert [held.target_n(second) for second in (70.0, 71.0, 78.5)] == [15.0, 25.0, 100.0]
    assert held.step(78.0) is PauseStep.GOES_ON
    assert held.step(78.5) is PauseStep.BACK


def test_lowering_never_raises() -> None:
    held = pause()
    held.lower(120.0, 5.0)
    assert held.target_n(50.0) == 100.0
    held.lower(80.0, 5.0)
    assert [held.target_n(second) for second in (5.5, 6.0, 30.0)] == [90.0, 80.0, 80.0]


def test_what_is_left_of_a_pause_ends_at_its_limits() -> None:
    held = pause()
    assert (held.held_left_s(0.0), held.left_s(0.0)) == (60.0, 364.25)
    assert (held.held_left_s(20.0), held.left_s(20.0)) == (40.0, 344.25)
    steps(held, 62)
    assert (held.held_left_s(62.0), held.left_s(62.0)) == (None, 302.25)
    steps(held, 100)
    assert held.left_s(100.0) == 265.0
    held.return_to(100.0, 100.0)
    assert (held.held_left_s(100.0), held.left_s(100.0)) == (None, None)
