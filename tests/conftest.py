"""What holds for every test.

Laws are tried on the same examples in every run, however slow the machine is; the user's key store
is not touched.
"""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
