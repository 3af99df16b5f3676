"""The order file that ``traction order new`` prints: every key, valid as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from controller.order.prescription import Region
from records.checked_data import toml_value
from records.standing.proposals import Proposal

_KEY = re.compile(r"(?:# )?([a-z_]+) = ")
"""A line of the template that sets a key, or shows how to set it."""
_DOSE = {
    Region.CERVICAL: """\
hold_force = "23 lbf"          # up to 200 N; above 176.5 N a person must confirm at the terminal;
                               # friction table: up to 176.5 N, above 102.3 N to be confirmed
rest_force = "11.5 lbf"        # at most 90 % of the hold force and at least 10 N below it
hold_time = "60 s"             # 1 s to 99 s, the ramp up included; cyclic: the time of the ramp up
rest_time = "20 s"             # 0 s to 99 s, the ramp down included; cyclic: of the ramp down
""",
    Region.LUMBAR: """\
hold_force = "200 N"           # up to 981 N; above 60 % of body weight (294 N without body_mass)
                               # a person must confirm at the terminal;
                               # friction table: up to 294 N, above 200 N to be confirmed
rest_force = "100 N"           # at most 90 % of the hold force and at least 10 N below it
hold_time = "30 s"             # 1 s to 99 s, the ramp up included; cyclic: the time of the ramp up
rest_time = "10 s"             # 0 s to 99 s, the ramp down included; cyclic: of the ramp down
""",
}
_TABLES = {
    Region.CERVICAL: ('"sliding"  ', '"sliding": moves with the head; "flat": friction table'),
    Region.LUMBAR: ('"split"    ', '"split": moves with the body; "one_piece": friction table'),
}
_MORE_FORCE = {Region.CERVICAL: "120 N", Region.LUMBAR: "220 N"}
_RAMPS = {
    Region.CERVICAL: ('"10 N/s"', '"20 N/s"', "2 N/s to 20 N/s"),
    Region.LUMBAR: ('"30 N/s"', '"60 N/s"', "5 N/s to 50 N/s"),
}


def order_template(region: Region) -> str:
    """Returns the template for a region, without clinical text: text keys are empty, shown as open."""
    up, down, range_text = _RAMPS[region]
    more = _MORE_FORCE[region]
    table, tables = _TABLES[region]
    return f"""\
# Order for one traction session. Check every line; lines that begin with # are not read.
# Forces: "102 N", "23 lbf" or "23 lb", "10.4 kgf" or, with body_mass, "40 % body weight".
# Times: "60 s", "15 min". Rates: "10 N/s", "2 lbf/s". A number without a unit is refused.

# --- who ------------------------------------------------------------------------------------------
patient_reference = ""         # your record number; stays in clinic.db, never in the unit's evidence

# --- dose -----------------------------------------------------------------------------------------
region = "{region.value}"
mode = "intermittent"          # holds and rests in turns; or one of these two:
                               # "static": holds all the time; remove rest_force, hold_time, rest_time
                               # "cyclic": ramps all the time between hold_force and rest_force
{_DOSE[region]}treatment_time = "15 min"      # 1 min to 99 min, steps not included; a person must confirm when
                               # steps and treatment together take more than 30 min
progressive_steps = 0          # 0 to 9 lower forces before the treatment; each takes hold_time at
                               # the step, then rest_time at half of it
regressive_steps = 0           # 0 to 9 lower forces after the treatment, the same downwards
# step_time = "60 s"           # only with mode = "static": 1 s to 10 min for each step
ramp_up = {up}             # {range_text}
ramp_down = {down}           # at most twice ramp_up
pretension_force = "15 N"      # 0 N to 50 N
pretension_time = "10 s"       # 0 s to 60 s
# maximum_force = "{more}"      # highest force that may be ordered; default: hold_force
# table = {table}          # {tables};
                               # without a word it counts as a friction table, with lower limits
# body_mass = "75 kg"          # or "165 lb"; needed for forces in % body weight

# --- what the note needs and no device can know; empty text prints as "to be completed" -----------
positioning = ""
harness = ""
diagnosis = []                 # ICD-10-CM codes in quotes, with their dots; at most 12
symptoms = ""
rationale = ""                 # why mechanical traction rather than another modality
screening = ""                 # contraindication screening: who screened, and the result

# --- people ---------------------------------------------------------------------------------------
set_up_by = ""                 # name and credentials
supervised_by = ""             # name and credentials
"""


def with_proposals(
    template: str, proposed: Mapping[str, Proposal], flags: Iterable[str] = ()
) -> str:
    """Returns the template with what standing data propose, each line with its source.

    None removes the template's own line: the preset has no such part. ``flags`` are the patient's
    lasting flags, as comments at the top.
    """
    lines = [f"# LASTING FLAG {flag}\n" for flag in flags]
    for line in template.splitlines(keepends=True):
        found = _KEY.match(line)
        offered = proposed.get(found[1]) if found else None
        if found is None or offered is None:
            lines.append(line)
        elif offered.value is not None:
            mark = f"PROPOSED by {offered.source}, check it"
            lines.append(f"{found[1]} = {toml_value(offered.value)}  # {mark}\n")
        else:
            lines.append(line if line.startswith("#") else f"# {line}")
    return "".join(lines)
