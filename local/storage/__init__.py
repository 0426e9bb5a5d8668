"""Cloud Storage on a laptop: the JSON API as Google's Python client speaks it.

Strict on purpose: preconditions hold on every verb, an unfinished upload shows nothing, and
whatever is not emulated (versioning, holds, ACLs, encryption keys, batches, the XML API) answers
501 instead of pretending.
"""

from local.storage.emulator import StorageEmulator

__all__ = ["StorageEmulator"]
