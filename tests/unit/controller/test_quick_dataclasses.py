"""The quick dataclass beside that of Python's library, which it must not differ from."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any, ClassVar

import pytest

from controller.quick_dataclasses import dataclass

MAKERS = (dataclasses.dataclass, dataclass)


class Whole:
    """A body with what the classes of the program have."""

    number: int
    text: str = "none"
    held: dict[str, int] = field(default_factory=dict)
    hidden: float = field(default=0.5, repr=False, compare=False)
    counted: int = field(default=7, init=False)
    seen: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("below 0")


def _pair(body: type[Any], **asked: Any) -> tuple[type[Any], type[Any]]:
    """The same body as the library and as the quick one make it."""
    library: type[Any] = dataclasses.dataclass(frozen=True, slots=True, **asked)(_class_of(body))
    quick: type[Any] = dataclass(frozen=True, slots=True, **asked)(_class_of(body))
    return library, quick


def _class_of(body: type[Any]) -> type[Any]:
    """A class of its own, since a decorator may alter the one that it is given."""
    left = {"__dict__", "__weakref__"}
    held = {name: copy.copy(value) for name, value in vars(body).items() if name not in left}
    return type("Body", (), held)


WHOLE = pytest.mark.parametrize("kw_only", [True, False])


@WHOLE
def test_it_is_called_alike(kw_only: bool) -> None:
    library, quick = _pair(Whole, kw_only=kw_only)
    assert _parameters(quick) == _parameters(library)
    assert quick.__match_args__ == library.__match_args__
    assert quick.__slots__ == library.__slots__


def _parameters(one: type[Any]) -> list[tuple[str, Any, str]]:
    given = inspect.signature(one).parameters.values()
    return [(each.name, each.kind, repr(each.default)) for each in given]


@WHOLE
def test_it_holds_and_shows_the_same(kw_only: bool) -> None:
    library, quick = (made(number=4, held={"a": 1}) for made in _pair(Whole, kw_only=kw_only))
    assert repr(quick) == repr(library) == "Body(number=4, text='none', held={'a': 1}, counted=7)"
    assert asdict(quick) == asdict(library)
    assert [one.name for one in fields(quick)] == [one.name for one in fields(library)]


def test_a_factory_makes_a_value_for_each_instance() -> None:
    _, quick = _pair(Whole)
    first, second = quick(1), quick(1)
    assert first.held == second.held == {}
    assert first.held is not second.held


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        ({"number": 1}, {"number": 1}, True),
        ({"number": 1}, {"number": 2}, False),
        ({"number": 1, "hidden": 0.1}, {"number": 1, "hidden": 0.2}, True),
        ({"number": 1, "text": "a"}, {"number": 1, "text": "b"}, False),
    ],
)
def test_equal_is_the_same_to_both(
    one: dict[str, Any], other: dict[str, Any], are_equal: bool
) -> None:
    library, quick = _pair(Whole)
    assert (library(**one) == library(**other)) is are_equal
    assert (quick(**one) == quick(**other)) is are_equal


class Point:
    x: float
    y: float


class Lone:
    x: float


class Nothing:
    pass


@pytest.mark.parametrize(("body", "values"), [(Point, (1.0, 2.0)), (Lone, (3.0,)), (Nothing, ())])
def test_hash_and_equality_of_few_fields(body: type[Any], values: tuple[float, ...]) -> None:
    library, quick = _pair(body)
    assert hash(quick(*values)) == hash(library(*values)) == hash(values)
    assert (quick(*values) == quick(*values)) is (library(*values) == library(*values)) is True
    assert quick(*values) != library(*values), "another class is never equal"


@pytest.mark.parametrize(("body", "values"), [(Point, (1.0, math.nan)), (Lone, (math.nan,))])
def test_what_is_no_number_equals_itself_in_every_python(
    body: type[Any], values: tuple[float, ...]
) -> None:
    """As two tuples are equal; the library's way has differed since Python 3.13."""
    _, quick = _pair(body)
    assert quick(*values) == quick(*values)


def test_nothing_is_hashed_that_is_not_compared() -> None:
    class Part:
        x: int
        left: list[int] = field(default_factory=list, compare=False)
        shown: list[int] = field(default_factory=list, hash=False)

    library, quick = _pair(Part)
    assert hash(quick(1)) == hash(library(1)) == hash((1,))


@pytest.mark.parametrize("make", MAKERS)
def test_a_value_that_cannot_be_hashed_is_refused(make: Any) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(make(frozen=True, slots=True)(_class_of(Whole))(1, held={}))


def test_without_eq_an_instance_equals_itself_alone() -> None:
    _, quick = _pair(Point, eq=False)
    one = quick(1.0, 2.0)
    assert one == one
    assert one != quick(1.0, 2.0)
    assert hash(one) == object.__hash__(one)


def test_nothing_is_assigned_or_deleted() -> None:
    for made in _pair(Whole):
        with pytest.raises(FrozenInstanceError, match=r"^cannot assign to field 'number'$"):
            made(1).number = 2
        with pytest.raises(FrozenInstanceError, match=r"^cannot delete field 'number'$"):
            del made(1).number


def test_no_attribute_is_kept_beside_the_fields() -> None:
    for made in _pair(Whole):
        with pytest.raises((AttributeError, TypeError)):  # the library stumbles over the slots
            made(1).other = 2
        assert not hasattr(made(1), "__dict__")
        with pytest.raises(AttributeError):
            object.__setattr__(made(1), "other", 2)


def test_what_the_class_forbids_is_not_made() -> None:
    for made in _pair(Whole):
        with pytest.raises(ValueError, match="below 0"):
            made(-1)
        with pytest.raises(ValueError, match="below 0"):
            replace(made(1), number=-1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "missing 1 required keyword-only argument: 'number'"),
        ({"number": 1, "nr": 2}, "got an unexpected keyword argument 'nr'"),
        ({"number": 1, "counted": 2}, "got an unexpected keyword argument 'counted'"),
    ],
)
def test_a_wrong_argument_is_refused_in_the_same_words(given: dict[str, int], said: str) -> None:
    for made in _pair(Whole, kw_only=True):
        with pytest.raises(TypeError, match=rf"^Body\.__init__\(\) {said}"):
            made(**given)


def test_methods_of_the_class_stay_its_own() -> None:
    class Own:  # noqa: PLW1641 which is what both have to add
        x: int

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "own"

    for made in _pair(Own):
        assert made(1) == 5
        assert repr(made(1)) == "own"
        assert hash(made(1)) == hash((1,))


def test_a_hash_of_the_class_stays_its_own() -> None:
    class Hashed:
        x: int

        def __hash__(self) -> int:
            return 12

    for made in _pair(Hashed):
        assert hash(made(1)) == 12
        assert made(1) == made(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    first: int
    second: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Base):
    second: int = 5
    third: list[Any]


def test_a_derived_class_has_the_fields_of_both() -> None:
    one = Derived(first=1, third=[])
    assert repr(one) == "Derived(first=1, second=5, third=[])"
    assert one == replace(one)
    assert Base(first=1, second=5) != one


def test_a_copy_is_equal() -> None:
    one = Derived(first=1, third=[2])
    assert copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one


def test_a_value_that_holds_itself_is_shown() -> None:
    one = Derived(first=1, third=[])
    one.third.append(one)
    assert repr(one) == "Derived(first=1, second=5, third=[...])"


@pytest.mark.parametrize(
    "asked", [{}, {"slots": True}, {"frozen": True}, {"frozen": True, "slots": True, "order": True}]
)
def test_any_other_class_is_made_by_the_library(asked: dict[str, bool]) -> None:
    made: Any = dataclass(**asked)(_class_of(Point))
    assert made.__init__.__code__.co_filename == "<string>"
    assert made.__eq__.__code__.co_filename == "<string>"
    assert made.__dataclass_params__.init
