"""For all tests: no deadline for a busy machine to break, no touch of the user's key store."""

import os

from hypothesis import settings

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
settings.register_profile("project", deadline=None)
settings.load_profile("project")
