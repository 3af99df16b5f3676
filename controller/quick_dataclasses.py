"""Frozen dataclasses that are made in a fifth of the time.

``dataclass`` is used as that of the library, means the same, and is the same one to a type checker.
The library compiles six texts anew for every frozen class in every process, a quarter of the
processor time of a command that looks at one session. Here the library finds the fields and makes
the slots. Of the methods only ``__init__`` is compiled; the others are the same for all classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final

__all__ = ["dataclass"]

Reading = Callable[[Any], tuple[Any, ...]]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, **others):
        """As ``dataclasses.dataclass``: quick for what is frozen and has slots, else the same."""
        if cls is None and frozen and slots and not others:
            return lambda plain: _quick(plain, kw_only=kw_only, eq=eq)
        asked = {"frozen": frozen, "slots": slots, "kw_only": kw_only, "eq": eq, **others}
        return dataclasses.dataclass(cls, **asked)


def _quick(plain: type[Any], *, kw_only: bool, eq: bool) -> type[Any]:
    """The class with slots and with what the library would have written for it."""
    written = dict(vars(plain))
    with_fields = dataclasses.dataclass(
        init=False, repr=False, eq=False, slots=True, kw_only=kw_only
    )
    made = with_fields(plain)
    held = fields(made)
    methods = {**_FOR_EVERY_CLASS, "__init__": _init_of(made, held)}
    if eq:
        methods |= _comparing(held)
    if "__eq__" in written and written.get("__hash__") is None:
        written.pop("__hash__", None)  # Python's own, which only says that there is none yet
    for name, method in methods.items():
        if name not in written:
            setattr(made, name, method)
    return made


@recursive_repr("...")
def _represented(instance: Any) -> str:
    shown = (one.name for one in fields(instance) if one.repr)
    said = ", ".join(f"{name}={getattr(instance, name)!r}" for name in shown)
    return f"{instance.__class__.__qualname__}({said})"


def _refuse_to_set(instance: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(instance: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _set_state(instance: object, state: tuple[None, Mapping[str, object]]) -> None:
    """Fill a copy; Python's own way would assign to it."""
    for name, value in state[1].items():
        object.__setattr__(instance, name, value)


_FOR_EVERY_CLASS: Final[Mapping[str, Callable[..., Any]]] = {
    "__repr__": _represented,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__setstate__": _set_state,
}


def _comparing(held: Sequence[Field[Any]]) -> dict[str, Callable[..., Any]]:
    """Equal to one of the same class whose fields are equal, and hashed alike."""
    compared = _reading(one.name for one in held if one.compare)
    hashed = _reading(one.name for one in held if (one.compare if one.hash is None else one.hash))

    def is_equal(instance: object, other: object) -> Any:
        if other.__class__ is not instance.__class__:
            return NotImplemented
        return compared(instance) == compared(other)

    return {"__eq__": is_equal, "__hash__": lambda instance: hash(hashed(instance))}


def _reading(names: Iterable[str]) -> Reading:
    """What reads these attributes as a tuple."""
    several = tuple(names)
    if len(several) > 1:
        return attrgetter(*several)
    return lambda instance: tuple(getattr(instance, name) for name in several)


class _MadeAnew:
    """Stands for an argument that was left out and has a factory."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE_ANEW: Final = _MadeAnew()


def _init_of(made: type[Any], held: Sequence[Field[Any]]) -> Callable[..., None]:
    """Compiled, because every value of the program comes through one of these."""
    names: dict[str, Any] = {"__name__": made.__module__, "_made_anew": _MADE_ANEW}
    for one in held:
        names[f"_set_{one.name}"] = getattr(made, one.name).__set__
        names[f"_default_{one.name}"] = one.default
        names[f"_factory_{one.name}"] = one.default_factory
    given = [one for one in held if one.init]
    by_place = [_parameter(one) for one in given if not one.kw_only]
    by_name = [_parameter(one) for one in given if one.kw_only]
    parameters = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    lines = [f" _set_{one.name}(self, {value})" for one in held if (value := _value(one))]
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join([f"def __init__({parameters}):", *(lines or [" pass"])]), names)
    init: Callable[..., None] = names["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _parameter(one: Field[Any]) -> str:
    """A field among the arguments."""
    if one.default_factory is not MISSING:
        return f"{one.name}=_made_anew"
    return one.name if one.default is MISSING else f"{one.name}=_default_{one.name}"


def _value(one: Field[Any]) -> str:
    """What a field is set to; nothing where it neither is an argument nor has a default."""
    name = one.name
    if one.default_factory is not MISSING:
        made = f"_factory_{name}()"
        return f"{made} if {name} is _made_anew else {name}" if one.init else made
    if one.init:
        return name
    return "" if one.default is MISSING else f"_default_{name}"
