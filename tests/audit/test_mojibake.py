import pytest

from nmt.audit.mojibake import mended

WHOLE = ["für", "Grüße: „ja“ – Café à la carte", "для вас", "ÂNGELO É SÓ", "plain", "Ça coûte 5 €", "œuvre à «citer»", "日本語"]


@pytest.mark.parametrize("line", WHOLE)
def test_whole_text_is_left_alone(line: str) -> None:
    assert mended(line, with_ftfy=True) is None
    assert mended(line, with_ftfy=False) is None


@pytest.mark.parametrize("page", ["latin-1", "cp1252"])
def test_text_in_a_usual_code_page_is_mended_with_and_without_ftfy(page: str) -> None:
    broken = "Die Tür des Cafés".encode().decode(page)
    assert mended(broken, with_ftfy=True) == "Die Tür des Cafés"
    assert mended(broken, with_ftfy=False) == "Die Tür des Cafés"


def test_other_code_pages_need_ftfy() -> None:
    broken = "для".encode().decode("cp1251")
    assert mended(broken, with_ftfy=True) == "для"
    assert mended(broken, with_ftfy=False) is None
