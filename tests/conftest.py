"""What holds for every test: the same examples in every run, and never the user's key store."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
"""Also for every program that a test starts."""
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
