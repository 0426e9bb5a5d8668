"""MD5 and CRC32C of content, computed always, compared when the sender claims them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from email.message import Message

import google_crc32c

_LABELS = {"md5Hash": "MD5 hash", "crc32c": "CRC32C"}
_HEADER_KEYS = {"md5": "md5Hash", "crc32c": "crc32c"}


def compute(data: bytes) -> dict[str, str]:
    """Both checksums under their names in the object resource."""
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    return {"md5Hash": base64.b64encode(md5).decode(), "crc32c": crc32c(data)}


def crc32c(data: bytes) -> str:
    """Base64 of the big-endian CRC32C, as Google writes it."""
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def claimed(metadata: Mapping[str, str], headers: Message) -> dict[str, str]:
    """What the sender says the checksums are, in the metadata or in `X-Goog-Hash`."""
    claims = {key: metadata[key] for key in _LABELS if metadata.get(key)}
    for header in headers.get_all("X-Goog-Hash", []):
        for item in header.split(","):
            name, _, value = item.strip().partition("=")
            if name in _HEADER_KEYS:
                claims[_HEADER_KEYS[name]] = value
    return claims


def mismatch(claims: Mapping[str, str], actual: Mapping[str, str]) -> str | None:
    """Google's complaint about the first claim that is not true, if any."""
    for key, label in _LABELS.items():
        if key in claims and claims[key] != actual[key]:
            return (
                f'Provided {label} "{claims[key]}" doesn\'t match '
                f'calculated {label} "{actual[key]}".'
            )
    return None
