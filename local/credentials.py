"""A service-account key for the local stack, so that Google's clients sign in as in the cloud.

Only the key is local: its token address is the emulator's. The production code finds it the way
it finds any other, through `GOOGLE_APPLICATION_CREDENTIALS`.
"""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write_service_account_key(path: Path, project_id: str, token_url: str) -> None:
    """Make a key that opens nothing but the emulator at `token_url`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    content = {
        "type": "service_account",
        "project_id": project_id,
        "private_key_id": "local",
        "private_key": pem.decode(),
        "client_email": f"local@{project_id}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_url,
    }
    path.write_text(json.dumps(content))
    path.chmod(0o600)
