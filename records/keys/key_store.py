"""The operating system's key store, which keeps a private key outside the data folder."""

from __future__ import annotations

from typing import Protocol

from controller.errors import KeyUnavailable

SERVICE = "traction-session-controller"


class KeyStore(Protocol):
    """Keeps secrets outside the data folder."""

    def get(self, key_id: str) -> bytes | None:
        """Returns the seed.

        None when the store does not have it. Raises KeyUnavailable when locked.
        """
        ...

    def put(self, key_id: str, seed: bytes) -> bool:
        """Returns True when the seed is kept; False when there is no usable store."""
        ...

    def remove(self, key_id: str) -> None:
        """Forget the key."""


class NoKeyStore:
    """For folders that keep their key themselves: demonstrations and tests."""

    def get(self, key_id: str) -> bytes | None:
        """Returns None: nothing is kept here."""
        return None

    def put(self, key_id: str, seed: bytes) -> bool:
        """Returns False: nothing is kept here."""
        return False

    def remove(self, key_id: str) -> None:
        """Do nothing, because nothing is kept."""


class SystemKeyStore:
    """The key store of the operating system (Credential Manager, Secret Service, Keychain).

    On a machine without one, keyring uses its ``fail`` backend, which raises, or ``null``, which
    forgets; both count as "no store".
    """

    def get(self, key_id: str) -> bytes | None:
        """Returns the seed kept by the system, or None."""
        import keyring
        from keyring.errors import KeyringError, NoKeyringError

        try:
            kept = keyring.get_password(SERVICE, key_id)
        except NoKeyringError:
            return None
        except KeyringError as error:
            raise KeyUnavailable(
                f"the system's key store does not give the key {key_id} ({error}); unlock it"
            ) from error
        return None if kept is None else bytes.fromhex(kept)

    def put(self, key_id: str, seed: bytes) -> bool:
        """Keep the seed; returns False when this system keeps none."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, key_id, seed.hex())
            return keyring.get_password(SERVICE, key_id) == seed.hex()
        except KeyringError:
            return False

    def remove(self, key_id: str) -> None:
        """Forget a secret; raises KeyUnavailable when the store refuses."""
        import keyring
        from keyring.errors import KeyringError, NoKeyringError

        try:
            if keyring.get_password(SERVICE, key_id) is not None:
                keyring.delete_password(SERVICE, key_id)
        except NoKeyringError:
            return
        except KeyringError as error:
            raise KeyUnavailable(
                f"the system's key store keeps the old key {key_id} ({error}); remove it there"
            ) from error
