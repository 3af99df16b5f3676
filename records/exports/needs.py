"""What a format needs and nobody has said: collected by name, refused in one message."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypeVar

from controller.errors import ExportIncomplete
from records.claim.charge_line import DIAGNOSES_ON_A_LINE, MODIFIERS_ON_A_LINE
from records.claim.code_sets import REPLACING
from records.claim.context import Address, ClaimContext, Party, ServiceLine
from records.claim.required import ADDRESS

Value = TypeVar("Value", str, date, Decimal, bool)


class Needs:
    """Asks for values of a claim context; ``check`` refuses with the names of all that is open."""

    def __init__(self, format_name: str, session_id: str) -> None:
        self._format, self._session_id = format_name, session_id
        self._missing: list[str] = []

    def value(self, name: str, value: Value | None, blank: Value) -> Value:
        """``value``, or ``blank`` with its name noted."""
        if value is None or value == "":
            self._missing.append(name)
            return blank
        return value

    def text(self, name: str, value: str | None) -> str:
        """A text that must not be empty."""
        return self.value(name, value, "")

    def party(self, name: str, party: Party | None) -> Party:
        """Somebody on the claim, with a name."""
        if party is None:
            self._missing.append(name)
            return Party()
        self.text(f"{name}.last_name", party.last_name)
        return party

    def address(self, name: str, party: Party) -> Address:
        """An address with street, town, state and ZIP."""
        address = party.address
        if address is None:
            if party.last_name:
                self._missing.append(f"{name}.address")
            return Address()
        for key in ADDRESS:
            self.text(f"{name}.address.{key}", getattr(address, key))
        return address

    def line(self, number: int, line: ServiceLine) -> None:
        """Charge, place and diagnoses of a service."""
        place = f"lines.{number}"
        self.value(f"{place}.charge", line.charge, Decimal())
        self.text(f"{place}.pos", line.pos)
        if not line.dx_pointers:
            self._missing.append(f"{place}.dx_pointers")
        self._room(place, "modifiers", len(line.modifiers), MODIFIERS_ON_A_LINE)
        self._room(place, "diagnosis pointers", len(line.dx_pointers), DIAGNOSES_ON_A_LINE)

    def _room(self, place: str, what: str, count: int, most: int) -> None:
        """A fifth one has no place: written all the same it would mean something else."""
        if count > most:
            self._missing.append(f"room for {count} {what} of {place} (a line holds {most})")

    def lack(self, name: str) -> None:
        """Note something that is missing."""
        self._missing.append(name)

    def check(self) -> None:
        """Raises ExportIncomplete naming everything that is missing."""
        if self._missing:
            missing = tuple(dict.fromkeys(self._missing))
            raise ExportIncomplete(
                f"{self._format} of session {self._session_id} misses {', '.join(missing)}; "
                f"add them to the claim context (`traction claim new {self._session_id}` prints "
                "every key)",
                missing=missing,
            )


def context_or_refuse(
    context: ClaimContext | None, format_name: str, session_id: str
) -> ClaimContext:
    """The context; raises ExportIncomplete when there is none."""
    if context is None:
        raise ExportIncomplete(
            f"{format_name} of session {session_id} needs a claim context: name its file with "
            f"--context (`traction claim new {session_id}` prints one with every key)"
        )
    return context


def need_insured_patient(needs: Needs, context: ClaimContext) -> None:
    """Medicare insures nobody else."""
    if context.subscriber and context.payer.kind == "medicare_b":
        needs.lack("a claim without subscriber: Medicare insures the patient only")


def need_frequency(needs: Needs, context: ClaimContext) -> None:
    """A corrected or void claim names the one before it, and only such a claim does."""
    if context.frequency in REPLACING:
        needs.text("payer_claim_number", context.payer_claim_number)
    elif context.payer_claim_number:
        needs.lack("frequency (corrected or void) beside payer_claim_number")


def need_first_payer(needs: Needs, context: ClaimContext) -> None:
    """The program writes claims for the payer that pays first."""
    if context.other_insurance_first:
        needs.lack("the first payer's answer (other_insurance_first; your system has it)")
