"""The SQL statements of the package, one file each.

>>> get("fetch_applied").startswith(b"--")
True
"""

import functools
from importlib import resources


@functools.cache
def get(name: str) -> bytes:
    """Text of `name`.sql.

    Bytes, because the driver takes them as they are, and a `str` would have to
    be called a literal, which it is not.
    """
    return resources.files(__package__).joinpath(f"{name}.sql").read_bytes()
