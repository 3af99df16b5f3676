"""What the patient reads."""

from __future__ import annotations

from tests.support.console_bench import ConsoleBench


def test_the_card_speaks_two_languages_and_names_nobody(bench: ConsoleBench) -> None:
    page = bench.page("/card")
    assert "Press the button if anything feels wrong." in page
    assert '<p lang="es"><b>Presione el botón' in page
    assert "TEST-1" not in page
    assert 'href="/card"' in bench.page("/more")
