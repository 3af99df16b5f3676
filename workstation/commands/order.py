"""``traction order check``: reads an order as a session would, and shows what it would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workstation.output import say, say_text


def register(order_app: typer.Typer) -> None:
    """Add the commands about order files."""

    @order_app.command("check")
    def check(
        order: Annotated[Path, typer.Argument(help="Order file.")],
    ) -> None:
        """Check an order file; print its steps, its total time and the questions it leads to."""
        from records.order.order_file import read_order
        from workstation.session.operators import possible_questions
        from workstation.texts.plan_text import plan_text

        ordered = read_order(order)
        say_text(plan_text(ordered.prescription))
        questions = ", ".join(q.value for q in possible_questions(ordered.prescription))
        say(f"questions a session may ask: {questions}")
