"""Keeps every test, and every program that a test starts, out of the user's own key store."""

import os

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
