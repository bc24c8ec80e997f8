"""What a terminal may be given of what others wrote into files, names and rows."""

import re

#: Characters that a terminal obeys; line ends and tabs do no harm.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """The text with an escape for each character that a terminal would obey."""
    return _OBEYED.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
