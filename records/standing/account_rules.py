"""Rules for accounts together: one per person, each for somebody on file, and an administrator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.errors import RequestRefused
from records.standing.kinds import AccountRecord, PersonRecord, StandingRecord
from records.standing.versions import StandingData

ADMINISTRATOR = "administrator"


def refuse_accounts(held: StandingData, changes: Iterable[StandingRecord]) -> None:
    """Refuse changes that leave the accounts of a clinic inconsistent; raises RequestRefused.

    ``changes`` are the records as they are to be, of any kind.
    """
    accounts = {each.name: each.record for each in held.accounts}
    people = {each.name: each.record for each in held.people}
    concerned = False
    for record in changes:
        if isinstance(record, AccountRecord):
            _refuse_another_person(held, record)
            accounts[record.account] = record
            concerned = True
        elif isinstance(record, PersonRecord):
            people[record.initials] = record
            concerned = True
    if concerned:
        in_use = {name: each for name, each in accounts.items() if each.in_use}
        _refuse_unknown_people(in_use, people)
        _refuse_shared_people(in_use)
        _refuse_shared_names(in_use, people)
        _refuse_no_administrator(in_use, was_used=bool(accounts))


def _refuse_another_person(held: StandingData, record: AccountRecord) -> None:
    """Refuse another person: PIN and sign-ins are the first person's, even of a closed account."""
    before = held.newest("account", record.account)
    if before is None or not isinstance(before.record, AccountRecord):
        return
    if before.record.person != record.person:
        raise RequestRefused(
            f"account {record.account}: person={record.person}, and its PIN was set by "
            f"{before.record.person or 'whoever keeps the program'}; an account stays with "
            "its person. Close it (in_use=false) and add one of another name"
        )


def _refuse_unknown_people(
    accounts: Mapping[str, AccountRecord], people: Mapping[str, PersonRecord]
) -> None:
    for name, account in accounts.items():
        person = people.get(account.person) if account.person is not None else None
        if account.person is not None and (person is None or not person.in_use):
            raise RequestRefused(
                f"account {name}: person={account.person} works here no more or is not on file; "
                "add the person first, or say in_use=false of the account first"
            )


def _refuse_shared_people(accounts: Mapping[str, AccountRecord]) -> None:
    of_person = dict[str, str]()
    for name, account in accounts.items():
        if account.person is None:
            continue
        if other := of_person.get(account.person):
            raise RequestRefused(
                f"account {name}: person={account.person} has the account {other} already, and "
                "everybody has one; give that one the roles that are missing"
            )
        of_person[account.person] = name


def _refuse_shared_names(
    accounts: Mapping[str, AccountRecord], people: Mapping[str, PersonRecord]
) -> None:
    """Refuse shared names: signatures name people, so two accounts of one name would be alike."""
    named = dict[str, str]()
    for name, account in accounts.items():
        if account.person is None:
            continue
        full_name = people[account.person].full_name.casefold()
        if other := named.get(full_name):
            raise RequestRefused(
                f"account {name}: account {other} belongs to somebody with the same names; add a "
                "middle initial to first_name of one of the two, so that records distinguish them"
            )
        named[full_name] = name


def _refuse_no_administrator(accounts: Mapping[str, AccountRecord], *, was_used: bool) -> None:
    if was_used and not any(ADMINISTRATOR in each.roles for each in accounts.values()):
        raise RequestRefused(
            "no account would be an administrator's, and nobody could add another one; give the "
            "role administrator to somebody first"
        )
