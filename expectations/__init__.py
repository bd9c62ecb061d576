"""Great Expectations suites that a reviewer can edit (the JSON files beside this one), and what runs them.

Importing this package imports no Great Expectations: that takes 3 to 6 seconds and happens in a child process only.
"""

from expectations.child import validate
from expectations.suites import resolve_suites

__all__ = ["resolve_suites", "validate"]
