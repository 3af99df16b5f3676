"""The faults of the matrix: how each is injected, and what is required in which phase."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.safety.matrix_cores import wrong_core
from tests.safety.matrix_expected import (
    GOES_ON,
    IN_RELEASE,
    RELEASE_GOES_ON,
    Expected,
    Fault,
    Freed,
    Owed,
    fast,
    hold,
    ramp,
)
from tests.safety.matrix_injections import (
    block,
    cut_line,
    cut_with_brake,
    dead_journal,
    echo_nothing,
    foreign_command,
    hunt,
    jump,
    panel,
    restart_with_brake,
    spasm,
    spoilt,
    step_wall_clock,
    suspend,
    three_foreign_tokens,
    unplug_adapter,
    unpowered,
)
from tests.safety.matrix_phases import (
    ARMING,
    AWAITING_END,
    BEFORE_ARMING,
    FORCED,
    HOLD,
    PAUSE,
    PRETENSION,
    RAMP_DOWN,
    RAMP_UP,
    RELEASING,
    REST,
    SLACK,
)
from tests.support.typed import second_cell

SWITCH = "patient_switch_pressed"
ABSENT = "patient_switch_absent"
STOPPED = "unit_stopped"
TENSION = "tension_lost"
RISEN = "force_risen_fast"
SLACK_LEFT = "slack not taken up"
SWINGING = ("force_oscillating", "over_force", RISEN, TENSION)
"""At 280 N a drive of at most 20 mm/s swings by little more than the 5 % that count as steady, and
is found
when the order falls to 140 N."""

NOBODY_KNOWS = "the token was drawn this moment: nobody else can know it"
CORE_IS_OVER = {AWAITING_END: "the core has ended"}
NO_TICK_YET = "there is no tick yet to compare with; the unit's watchdog acts"
_ARMED_LOST = ramp(3.0, "watchdog", "arming", "link", "token", freed=Freed.WATCHDOG)
"""An arming whose exchange failed ends with what is known of it."""

FAULTS = (
    # --- the link
    Fault(
        name="cable out",
        row=1,
        inject=cut_line,
        expected=fast(0.4, "link_silent", freed=Freed.WATCHDOG),
        elsewhere={ARMING: _ARMED_LOST},
        took_effect=lambda h: h.line.cut,
    ),
    Fault(
        name="answers lost",
        row=1,
        inject=lambda h: h.line.faults.drop(),
        expected=fast(0.4, "link_silent"),
        elsewhere={ARMING: _ARMED_LOST},
        took_effect=spoilt,
    ),
    Fault(
        name="adapter unplugged",
        row=31,
        inject=unplug_adapter,
        expected=Expected(
            owed=Owed.FAST,
            seen=frozenset({"link_lost", "port is gone"}),
            seen_s=0.2,
            freed=Freed.WATCHDOG,
        ),
        took_effect=lambda h: h.line.gone,
    ),
    Fault(
        name="15 % of answers lost",
        row=2,
        inject=lambda h: h.line.faults.loss(0.15, Random(5)),
        expected=ramp(16.0, "link_unreliable", "readings_missed", "link_silent"),
        elsewhere={
            **IN_RELEASE,
            SLACK: ramp(20.0, "link_unreliable", "readings_missed"),
            ARMING: ramp(20.0, "link_unreliable", "readings_missed"),
        },
        took_effect=spoilt,
    ),
    Fault(
        name="answers garbled",
        row=12,
        inject=lambda h: h.line.faults.garble(),
        expected=fast(0.4, "link_silent"),
        elsewhere={ARMING: _ARMED_LOST},
        took_effect=spoilt,
    ),
    Fault(
        name="answers swapped",
        row=4,
        inject=lambda h: h.line.faults.swap_answers(),
        expected=ramp(0.6, "answers_mixed_up", "link_silent"),
        elsewhere={ARMING: ramp(16.0, "answers_mixed_up", "link_unreliable", "arming")},
        took_effect=spoilt,
    ),
    Fault(
        name="answers 8 ms late",
        row=3,
        inject=lambda h: h.line.faults.delay(0.008),
        expected=GOES_ON,
        elsewhere=IN_RELEASE,
        took_effect=spoilt,
    ),
    # --- the force channels
    Fault(
        name="sample counter frozen",
        row=5,
        inject=lambda h: h.firmware.cell.freeze_counter(),
        expected=fast(0.4, "reading_stale"),
    ),
    Fault(
        name="channel 1 stuck",
        row=6,
        inject=lambda h: h.firmware.cell.stick(),
        expected=fast(3.3, "force_stuck", "channels_disagree"),
        lumbar_s=3.3,
        elsewhere={SLACK: fast(1.4, "force_stuck"), ARMING: fast(4.0, "force_stuck")},
    ),
    Fault(
        name="channel 2 drifts 10 N/s",
        row=7,
        inject=lambda h: second_cell(h.firmware).drift(-600.0),
        expected=ramp(1.8, "channels_disagree"),
        lumbar_s=3.6,
        reads_force=True,
        elsewhere={**IN_RELEASE, ARMING: ramp(2.5, "channels_disagree")},
    ),
    Fault(
        name="channel 2 reads 80 %",
        row=11,
        inject=lambda h: second_cell(h.firmware).gain(0.8),
        expected=ramp(0.6, "channels_disagree"),
        lumbar_s=0.6,
        elsewhere={
            **IN_RELEASE,
            SLACK: ramp(16.0, "channels_disagree"),
            ARMING: ramp(18.0, "channels_disagree"),
            PRETENSION: ramp(8.0, "channels_disagree"),
            RAMP_UP: ramp(1.8, "channels_disagree"),
            REST: ramp(12.0, "channels_disagree"),
        },
    ),
    Fault(
        name="channel 2 vanishes",
        row=7,
        inject=lambda h: second_cell(h.firmware).vanish(),
        expected=ramp(0.3, "second_channel_lost", "channels_disagree"),
        elsewhere=IN_RELEASE,
    ),
    Fault(
        name="channel 1 at its rail",
        row=8,
        inject=lambda h: h.firmware.cell.saturate(),
        expected=fast(0.15, "force_saturated", "force_missing"),
    ),
    Fault(
        name="channel 1 missing",
        row=9,
        inject=lambda h: h.firmware.cell.open(),
        expected=fast(0.15, "force_missing", STOPPED),
    ),
    Fault(
        name="channel 1 inverted",
        row=10,
        inject=lambda h: h.firmware.cell.invert(),
        expected=fast(0.4, TENSION, "force_negative", "channels_disagree"),
        elsewhere={
            SLACK: fast(9.0, "sign_wrong", "channels_disagree"),
            ARMING: fast(10.0, "sign_wrong", "channels_disagree"),
        },
    ),
    # --- cord, harness, winch
    Fault(
        name="cord snaps",
        row=13,
        inject=lambda h: h.firmware.cord.snap(),
        expected=fast(0.4, TENSION, freed=Freed.AT_ONCE),
        elsewhere={
            **IN_RELEASE,
            SLACK: ramp(31.0, "cord_slack", SLACK_LEFT),
            ARMING: ramp(32.0, "cord_slack", SLACK_LEFT),
        },
    ),
    Fault(
        name="harness slips 1.7 mm/s",
        row=14,
        inject=lambda h: h.firmware.body.slip(20.0, 12.0),
        expected=hold(6.0, "harness_slipping"),
        elsewhere={
            **IN_RELEASE,
            RAMP_UP: hold(9.0, "harness_slipping"),
            PRETENSION: hold(11.0, TENSION, "harness_slipping"),
            RAMP_DOWN: hold(7.0, "harness_slipping"),
            SLACK: ramp(14.0, "cord_slack"),
            ARMING: ramp(14.0, "cord_slack"),
        },
    ),
    Fault(
        name="40 mm of slack",
        row=15,
        inject=lambda h: h.firmware.cord.slack(40.0),
        expected=fast(0.4, TENSION, freed=Freed.AT_ONCE),
        elsewhere={**IN_RELEASE, SLACK: ramp(20.0, "cord_slack"), ARMING: ramp(20.0, "cord_slack")},
    ),
    Fault(
        name="body jumps",
        row=16,
        inject=jump,
        expected=fast(0.4, RISEN, "over_force", rises_n=70.0),
        elsewhere={
            RELEASING: replace(RELEASE_GOES_ON, rises_n=70.0),
            SLACK: GOES_ON,
            ARMING: GOES_ON,
        },
    ),
    Fault(
        name="stroke ends in 0.2 mm",
        row=17,
        inject=lambda h: h.firmware.stroke.limit(0.2),
        expected=ramp(8.0, "stroke_end", STOPPED),
        lumbar_s=9.0,
        elsewhere={
            **IN_RELEASE,
            RAMP_DOWN: ramp(14.0, "stroke_end", STOPPED),
            REST: ramp(12.0, "stroke_end", STOPPED),
        },
    ),
    Fault(
        name="spasm",
        row=42,
        inject=spasm,
        expected=fast(1.5, "over_force", RISEN, rises_n=110.0),
        elsewhere={RELEASING: replace(RELEASE_GOES_ON, rises_n=110.0)},
    ),
    Fault(
        name="regulator hunts",
        row=43,
        inject=hunt,
        regions=("lumbar",),
        expected=ramp(16.0, *SWINGING, rises_n=90.0),
        elsewhere={
            phase: ramp(seen_s, *SWINGING, rises_n=90.0)
            for phase, seen_s in ((RAMP_UP, 22.0), (PAUSE, 43.0))
        },
        phases=(RAMP_UP, HOLD, RAMP_DOWN, REST, PAUSE),
    ),
    Fault(
        name="winch jams",
        row=42,
        inject=lambda h: h.firmware.winch.jam(),
        expected=ramp(26.0, "force_above_order", "force_below_order", "release_slow"),
        elsewhere={
            SLACK: ramp(31.0, SLACK_LEFT),
            ARMING: ramp(32.0, SLACK_LEFT),
            PRETENSION: hold(9.0, "force_below_order"),
            RAMP_UP: hold(5.0, "force_below_order"),
            RAMP_DOWN: ramp(5.0, "force_above_order"),
            PAUSE: ramp(34.0, "force_above_order", "force_below_order"),
            RELEASING: fast(6.5, "release_slow"),
        },
    ),
    Fault(
        name="winch and clutch jam",
        row=42,
        inject=lambda h: h.firmware.winch.jam(clutch=True),
        expected=ramp(26.0, "force_above_order", "force_below_order", freed=Freed.NEVER),
        elsewhere={
            RAMP_UP: hold(5.0, "force_below_order", freed=Freed.NEVER),
            RAMP_DOWN: ramp(5.0, "force_above_order", freed=Freed.NEVER),
            PAUSE: ramp(34.0, "force_above_order", "force_below_order", freed=Freed.NEVER),
            RELEASING: fast(6.5, "release_slow", freed=Freed.NEVER),
        },
        phases=(*FORCED, RELEASING),
    ),
    Fault(
        name="drive winds in, 2 mm/s",
        row=42,
        inject=lambda h: h.firmware.winch.run_in(2.0),
        expected=ramp(
            6.0, "force_above_order", "over_force", RISEN, "harness_slipping", rises_n=30.0
        ),
        elsewhere={
            SLACK: ramp(12.0, "force_above_order", rises_n=30.0),
            ARMING: ramp(13.0, "force_above_order", rises_n=30.0),
            PRETENSION: ramp(11.5, "force_above_order", "over_force", rises_n=30.0),
            RAMP_UP: ramp(8.5, "force_above_order", "over_force", rises_n=30.0),
            RELEASING: fast(4.0, "release_rising", rises_n=40.0),
        },
        lumbar={RAMP_UP: ramp(16.5, "force_above_order", "over_force", rises_n=30.0)},
        winds_in=True,
    ),
    Fault(
        name="drive winds in, 20 mm/s",
        row=42,
        inject=lambda h: h.firmware.winch.run_in(20.0),
        expected=fast(1.5, "force_above_order", "over_force", RISEN, rises_n=80.0),
        elsewhere={
            SLACK: fast(0.5, "slack_wound_fast"),
            ARMING: fast(0.6, "slack_wound_fast"),
            RELEASING: fast(1.5, "release_rising", "over_force", rises_n=80.0),
        },
        winds_in=True,
    ),
    Fault(
        name="drive winds in when it should release",
        row=42,
        inject=lambda h: h.firmware.winch.run_in(20.0, only_releasing=True),
        expected=fast(1.5, "release_rising", "over_force", rises_n=80.0),
        phases=(RELEASING,),
        winds_in=True,
    ),
    # --- the patient's switch, the emergency stop
    Fault(
        name="patient presses",
        row=18,
        inject=lambda h: h.firmware.switch.press(),
        expected=fast(0.15, SWITCH, "patient"),
    ),
    Fault(
        name="patient switch sticks",
        row=19,
        inject=lambda h: h.firmware.switch.stick(),
        expected=fast(0.15, SWITCH, "patient"),
    ),
    Fault(
        name="patient taps for 30 ms",
        row=22,
        inject=lambda h: h.firmware.switch.tap(0.03),
        expected=fast(0.15, SWITCH, "patient"),
    ),
    Fault(
        name="patient switch unplugged",
        row=21,
        inject=lambda h: h.firmware.switch.unplug(),
        expected=fast(0.15, ABSENT, "patient"),
    ),
    Fault(
        name="emergency stop",
        row=23,
        inject=lambda h: h.firmware.estop.press(),
        expected=fast(0.15, "emergency_stop_open", "emergency"),
    ),
    # --- the unit
    Fault(
        name="unit restarts",
        row=25,
        inject=lambda h: h.firmware.power_cycle(0.2),
        expected=fast(0.8, "unit_restarted", "restarted", freed=Freed.AT_ONCE),
        took_effect=unpowered,
    ),
    Fault(
        name="power cut",
        row=24,
        inject=lambda h: h.firmware.cut_power(),
        expected=fast(0.4, "link_silent", freed=Freed.AT_ONCE),
        elsewhere={ARMING: _ARMED_LOST},
        took_effect=unpowered,
    ),
    Fault(
        name="power cut, brake keeps the force",
        row=24,
        inject=cut_with_brake,
        expected=fast(0.4, "link_silent", freed=Freed.NEVER),
        took_effect=unpowered,
        phases=(*FORCED, RELEASING),
    ),
    Fault(
        name="unit restarts, brake keeps the force",
        row=24,
        inject=restart_with_brake,
        expected=fast(0.8, "unit_restarted", "restarted"),
        took_effect=unpowered,
        phases=(*FORCED, RELEASING),
    ),
    Fault(
        name="watchdog stops",
        row=26,
        inject=lambda h: h.firmware.watchdog.stop(),
        expected=ramp(0.3, "watchdog_off"),
        elsewhere={**IN_RELEASE, AWAITING_END: "the watchdog ended with the session"},
    ),
    Fault(
        name="watchdog echoes 0",
        row=26,
        inject=echo_nothing,
        phases=(BEFORE_ARMING,),
        expected=Expected(owed=Owed.REFUSED, seen=frozenset({"watchdog"})),
    ),
    Fault(
        name="foreign order",
        row=36,
        inject=lambda h: foreign_command(h, ahead=1),
        expected=ramp(0.3, "order_refused", "sequence_ahead"),
        elsewhere={**IN_RELEASE, ARMING: NOBODY_KNOWS},
    ),
    Fault(
        name="foreign order, 9 ahead",
        row=36,
        inject=lambda h: foreign_command(h, ahead=9),
        expected=ramp(0.7, "sequence_ahead", "order_refused"),
        elsewhere={**IN_RELEASE, ARMING: NOBODY_KNOWS},
    ),
    Fault(
        name="three foreign tokens",
        row=36,
        inject=three_foreign_tokens,
        expected=fast(0.15, STOPPED),
        elsewhere={**IN_RELEASE, ARMING: replace(_ARMED_LOST, seen_s=3.5)},
    ),
    Fault(
        name="local takeover",
        row=37,
        inject=lambda h: panel(h, announced=True),
        expected=hold(0.3, "local_takeover"),
        elsewhere=IN_RELEASE,
    ),
    Fault(
        name="set-point of somebody else",
        row=37,
        inject=lambda h: panel(h, announced=False),
        expected=hold(3.5, "set_point_foreign", "force_above_order", RISEN, STOPPED),
        elsewhere={
            **IN_RELEASE,
            RAMP_UP: hold(4.5, "set_point_foreign", "force_above_order"),
            SLACK: hold(12.0, "set_point_foreign", "force_above_order"),
            ARMING: hold(14.0, "set_point_foreign", "force_above_order"),
        },
        lumbar={RAMP_UP: hold(7.0, "set_point_foreign", "force_above_order")},
    ),
    # --- the host
    Fault(
        name="host blocked 0.4 s",
        row=28,
        inject=block,
        expected=ramp(0.6, "loop_late"),
        elsewhere={**IN_RELEASE, ARMING: GOES_ON},
    ),
    Fault(
        name="host suspended",
        row=30,
        inject=suspend,
        expected=ramp(0.2, "host_suspended"),
        elsewhere={**IN_RELEASE, ARMING: NO_TICK_YET},
    ),
    Fault(
        name="wall clock set",
        row=29,
        inject=step_wall_clock,
        expected=GOES_ON,
        elsewhere=IN_RELEASE,
    ),
    Fault(
        name="journal dead",
        row=47,
        inject=dead_journal,
        expected=hold(5.4, "journal_silent"),
        elsewhere=IN_RELEASE,
    ),
    Fault(
        name="core wants 1 000 N more",
        row=39,
        inject=wrong_core("wants_more"),
        expected=ramp(0.2, "order_too_high"),
        elsewhere={**IN_RELEASE, **CORE_IS_OVER},
    ),
    Fault(
        name="core wants NaN",
        row=39,
        inject=wrong_core("wants_nan"),
        expected=ramp(0.2, "order_too_high", "order_unsound"),
        elsewhere={**IN_RELEASE, **CORE_IS_OVER},
    ),
    Fault(
        name="core holds for ever",
        row=27,
        inject=wrong_core("holds_for_ever"),
        expected=ramp(365.0, "session_over_time", "dwell_over_time"),
        elsewhere={**IN_RELEASE, **CORE_IS_OVER},
    ),
    Fault(
        name="core hears no verdict and sees a press",
        row=18,
        inject=wrong_core("deaf_and_pressed"),
        expected=fast(0.15, SWITCH),
        elsewhere=CORE_IS_OVER,
    ),
)
