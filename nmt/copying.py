"""Which sentences are copied: numbers, emoji, web and mail addresses are the same in every language, and a model only spoils them."""

import re

# Written so that TensorFlow's regular expressions (RE2), which the string export uses, read them alike.
ADDRESS_PATTERN = r"(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])://\S+|[Ww][Ww][Ww]\.\S+|[^\s@]+@[^\s@]+\.[^\s@]+"
_ADDRESS = re.compile(ADDRESS_PATTERN)


def is_copied(sentence: str) -> bool:
    """Tell whether each word of a sentence either holds no letter of any script or is a web or mail address."""
    return all(not any(map(str.isalpha, word)) or _ADDRESS.fullmatch(word) is not None for word in sentence.split())
