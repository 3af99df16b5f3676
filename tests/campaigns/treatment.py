"""The treatments that the acceptance campaign orders."""

from __future__ import annotations

from dataclasses import dataclass

from records.order.order import Order
from records.order.order_file import parse_order

PRETENSION_N = 15.0
PRETENSION_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """A treatment: newtons and seconds; ``stop_at_s`` None runs to the end."""

    region: str
    hold_n: float
    rest_n: float
    hold_s: float
    rest_s: float
    minutes: int
    stop_at_s: float | None = None

    @property
    def ramp_up_n_per_s(self) -> float:
        """plant.md#parameters: 10 N/s cervical, 30 N/s lumbar; down twice as fast."""
        return 10.0 if self.region == "cervical" else 30.0

    def order(self) -> Order:
        """The treatment as an order, as an order file would state it."""
        up = self.ramp_up_n_per_s
        text = (
            f'patient_reference = "CAMPAIGN"\nregion = "{self.region}"\nmode = "intermittent"\n'
            f'hold_force = "{self.hold_n} N"\nrest_force = "{self.rest_n} N"\n'
            f'hold_time = "{self.hold_s} s"\nrest_time = "{self.rest_s} s"\n'
            f'treatment_time = "{self.minutes} min"\n'
            f'ramp_up = "{up} N/s"\nramp_down = "{2 * up} N/s"\n'
            f'pretension_force = "{PRETENSION_N} N"\npretension_time = "{PRETENSION_S} s"\n'
            'screening = "examiner"\n'
        )
        return parse_order(text, "campaign")
