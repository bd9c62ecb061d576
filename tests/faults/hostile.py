"""Makes hostile and broken files, each with the outcome that must follow. Deterministic: same code, same bytes.

An outcome is the set of fault codes and notes that the file's records carry, and how many records are good. One module a family.
"""

from collections.abc import Iterator

import hostile_archives
import hostile_documents
import hostile_json
import hostile_markup
import hostile_messages
import hostile_tables
import hostile_text
from hostile_case import Case

FAMILIES = (
    hostile_archives,
    hostile_json,
    hostile_text,
    hostile_markup,
    hostile_tables,
    hostile_documents,
    hostile_messages,
)


def cases() -> Iterator[Case]:
    for family in FAMILIES:
        yield from family.cases()
