"""The store's benchmark runs, and its sizes, which no busy machine changes, are as promised."""

from __future__ import annotations

from tools.bench.store import LAYOUTS, store_table


def test_every_layout_gives_the_samples_back_and_ours_is_the_smallest() -> None:
    table = store_table(minutes=0.5, rounds=2)
    assert table.row_count == len(LAYOUTS)
    sizes = [float(str(cell)) for cell in table.columns[1].cells]
    assert min(sizes) == sizes[0]
    assert sizes[0] <= 1.5
