"""The numbered steps that make a file, as its module declares them.

``records.store.migrating`` applies them. Most programs only use existing files.
"""

from __future__ import annotations

from collections.abc import Callable

from records.store.connection import Database

MigrationStep = Callable[[Database], None]


class Migrations:
    """The steps of one kind of file, in their order, each with a name that is listed in files."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps: dict[str, MigrationStep] = {}

    def __call__(self, *, name: str = "") -> Callable[[MigrationStep], MigrationStep]:
        """Add a step, named after its function by default."""

        def added(step: MigrationStep) -> MigrationStep:
            self.steps[name or step.__name__] = step
            return step

        return added
