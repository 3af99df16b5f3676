"""The commands that only ``traction accounts`` has: codes, PINs and roles."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from controller.errors import RequestRefused, SignInRefused
from workstation.commands.options import JsonOption, PersonOptions, RecordsOptions, grouped
from workstation.output import say, say_json

NameArgument = Annotated[str, typer.Argument(help="Name of the account.")]


def add_account_commands(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("code")(grouped(code))
    app.command("pin")(grouped(pin))
    app.command("roles")(roles)


def code(
    name: NameArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why: new here, PIN forgotten.")],
    person: PersonOptions,
) -> None:
    """Give a one-time code, with which a person sets a PIN; it ends the delay after wrong tries.

    Everybody who may write the records may give one, also without a PIN: this helps the only
    administrator. It is recorded in the chain, and the person is told at the next sign-in.
    """
    from records.accounts.accounts import CODE_LASTS_S, give_code
    from workstation.author_now import author_now

    folder = person.place.folder
    given = give_code(folder, author_now(folder, person.by), name, reason)
    if person.as_json:
        say_json("accounts-code", {"account": name, "code": given, "lasts_s": CODE_LASTS_S})
        return
    say(f"one-time code of {name}: {given}")
    say(
        f"it is valid once, within {CODE_LASTS_S // 60} min: at the console under Sign in, "
        f"or with `traction accounts pin {name}`"
    )


def pin(
    name: NameArgument,
    *,
    with_code: Annotated[
        bool, typer.Option("--code", help="Set it with a one-time code; default: the present PIN.")
    ] = False,
    records: RecordsOptions,
) -> None:
    """Set the PIN of your own account; it is typed at the terminal and shown nowhere."""
    from workstation.terminal.typed_lines import is_terminal
    from workstation.terminal_sign_in import ask_hidden, sign_in_desk

    if not is_terminal(sys.stdin):
        raise SignInRefused(
            "a PIN can only be set at a terminal, where it is not shown; run the command there"
        )
    desk = sign_in_desk(records.place.folder)
    present = ask_hidden("One-time code: " if with_code else "Present PIN: ")
    new = ask_hidden("New PIN: ")
    if ask_hidden("New PIN once more: ") != new:
        raise RequestRefused("the two new PINs differ; nothing was changed")
    (desk.set_pin_by_code if with_code else desk.change_pin)(name, present, new)
    if records.as_json:
        say_json("accounts-pin", {"account": name, "set": True})
    else:
        say(f"the PIN of {name} is set")


def roles(as_json: JsonOption = False) -> None:
    """List what each role may do."""
    from records.accounts.rights import RIGHTS, Right

    if as_json:
        found = {role: sorted(right.name.lower() for right in own) for role, own in RIGHTS.items()}
        say_json("accounts-roles", {"roles": found})
        return
    for role, own in RIGHTS.items():
        say(f"{role}:")
        for right in Right:
            if right in own:
                say(f"  {right.value}")
