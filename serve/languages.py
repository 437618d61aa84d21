"""Language codes: their English names, and the other names that clients know them by."""

from collections.abc import Iterable

_NAMES = """
af Afrikaans|am Amharic|ar Arabic|as Assamese|ay Aymara|az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bn Bengali|bo Tibetan
br Breton|bs Bosnian|ca Catalan|ce Chechen|co Corsican|cs Czech|cv Chuvash|cy Welsh|da Danish|de German|dv Divehi|el Greek|en English
eo Esperanto|es Spanish|et Estonian|eu Basque|fa Persian|ff Fulah|fi Finnish|fj Fijian|fo Faroese|fr French|fy Western Frisian|ga Irish
gd Scottish Gaelic|gl Galician|gn Guarani|gu Gujarati|gv Manx|ha Hausa|he Hebrew|hi Hindi|hr Croatian|hsb Upper Sorbian|dsb Lower Sorbian
ht Haitian|hu Hungarian|hy Armenian|ia Interlingua|id Indonesian|ig Igbo|is Icelandic|it Italian|iu Inuktitut|ja Japanese|jv Javanese
ka Georgian|kk Kazakh|kl Greenlandic|km Khmer|kn Kannada|ko Korean|ku Kurdish|kw Cornish|ky Kyrgyz|la Latin|lb Luxembourgish|lg Ganda
ln Lingala|lo Lao|lt Lithuanian|lv Latvian|mg Malagasy|mi Maori|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese
my Burmese|nb Norwegian Bokmål|ne Nepali|nl Dutch|nn Norwegian Nynorsk|no Norwegian|ny Nyanja|oc Occitan|om Oromo|or Odia|os Ossetian
pa Punjabi|pb Portuguese (Brazil)|pl Polish|ps Pashto|pt Portuguese|qu Quechua|rm Romansh|rn Rundi|ro Romanian|ru Russian|rw Kinyarwanda
sa Sanskrit|sc Sardinian|sd Sindhi|se Northern Sami|si Sinhala|sk Slovak|sl Slovenian|sm Samoan|sn Shona|so Somali|sq Albanian|sr Serbian
ss Swati|st Southern Sotho|su Sundanese|sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai|ti Tigrinya|tk Turkmen|tl Tagalog
tn Tswana|to Tongan|tr Turkish|ts Tsonga|tt Tatar|tw Twi|ug Uyghur|uk Ukrainian|ur Urdu|uz Uzbek|ve Venda|vi Vietnamese|wo Wolof|xh Xhosa
yi Yiddish|yo Yoruba|zh Chinese|zh-hans Chinese (simplified)|zh-hant Chinese (traditional)|zt Chinese (traditional)|zu Zulu
pt-br Portuguese (Brazil)|pt-pt Portuguese (Portugal)|en-us English (American)|en-gb English (British)|nds Low German|ast Asturian
"""
NAMES: dict[str, str] = dict(entry.split(" ", 1) for line in _NAMES.split("\n") for entry in line.split("|") if entry)

# LibreTranslate's short codes and their long forms; both are taken, the long one is answered.
_LONG_FORMS = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt-BR"}
_SAME = [{"zh", "zh-hans", "zh-cn"}, {"zt", "zh-hant", "zh-tw"}, {"pb", "pt-br"}, {"nb", "no"}]
# What DeepL's client takes as targets where it refuses the plain code.
_DEEPL_TARGETS = {"en": ("EN-US", "EN-GB"), "pt": ("PT-BR", "PT-PT"), "pb": ("PT-BR",), "zh": ("ZH", "ZH-HANS"), "zt": ("ZH-HANT",)}


def language_name(code: str) -> str:
    """Return the English name of a language, or its code where we know none."""
    low = normal(code)
    return NAMES.get(low) or NAMES.get(low.split("-")[0]) or code


def normal(code: str) -> str:
    """Return a code as it is compared: lower case, parts set apart by hyphens."""
    return code.strip().lower().replace("_", "-")


def find_language(wanted: str, available: Iterable[str]) -> str | None:
    """Return the one of `available` that a client means: the very code, else another name of it, else the same base language."""
    known = {normal(code): code for code in available}
    low = normal(wanted)
    if low in known:
        return known[low]
    for group in _SAME:
        if low in group:
            return next((known[name] for name in sorted(group) if name in known), None) or known.get(low.split("-")[0])
    base = low.split("-")[0]
    return known.get(base) or next(
        (code for name, code in known.items() if name.split("-")[0] == base and "-" in name and "-" not in low), None
    )


def long_form(code: str) -> str:
    """Return the code as LibreTranslate answers it."""
    return _LONG_FORMS.get(code, code)


def deepl_targets(code: str) -> tuple[str, ...]:
    """Return the target codes under which DeepL's clients ask for a language."""
    return _DEEPL_TARGETS.get(normal(code), (normal(code).upper(),))
