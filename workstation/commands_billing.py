"""Commands of billing: claim new. The practice's system stays the owner of the claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from controller.errors import ClaimContextInvalid
from workstation.settings import load_settings

SessionArgument = Annotated[str, typer.Argument(help="Session id or its beginning.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder where records live.", show_default=False)
]

claim_app = typer.Typer(help="What the practice's system knows of a claim.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of billing."""
    app.add_typer(claim_app, name="claim")


@claim_app.command("new")
def claim_new(
    session: SessionArgument,
    payer: Annotated[str, typer.Option(help="Payer profile.")] = "commercial",
    out: Annotated[Path | None, typer.Option(help="File to write; default: print it.")] = None,
    data: DataOption = None,
) -> None:
    """Print a commented claim context for a session, with what its record knows filled in."""
    from records.claim import context_of_session
    from records.claim_context import Payer, PayerKind
    from workstation.claim_template import claim_template
    from workstation.documents import load_dossier, write_file

    settings = load_settings()
    dossier = load_dossier(data or settings.data, session, settings)
    if payer not in get_args(PayerKind):
        raise ClaimContextInvalid(f"payer={payer!r} is not one of {', '.join(get_args(PayerKind))}")
    context = context_of_session(
        dossier.record, dossier.order, dossier.note, Payer(kind=payer, profile=payer), dossier.zone
    )
    text = claim_template(context)
    if out is None:
        typer.echo(text)
        return
    if out.exists():
        raise ClaimContextInvalid(f"{out} exists already; choose another name with --out")
    typer.echo(f"written to {write_file(out, text.encode())}")
