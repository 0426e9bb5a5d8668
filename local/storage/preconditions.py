"""Preconditions: what must be true of an object or bucket at the moment of the effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from local.storage import errors

PARAMETERS = (
    "ifGenerationMatch ifGenerationNotMatch ifMetagenerationMatch ifMetagenerationNotMatch "
    # The client spells this one parameter its own way on uploads.
    "ifMetaGenerationNotMatch"
)
SOURCE_PARAMETERS = PARAMETERS.replace("if", "ifSource")


class Version(NamedTuple):
    """What preconditions compare; buckets have no generation, an absent object neither."""

    generation: int
    metageneration: int | None


ABSENT = Version(0, None)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditions of one call; those that are None were not asked for."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], prefix: str = "if") -> Self:
        """Read them from query parameters; `ifSource` reads those of a copy's source.

        Raises:
            StorageError: 400 for a value that is no number.
        """
        folded = {key.lower(): value for key, value in query.items()}

        def number(suffix: str) -> int | None:
            value = folded.get(f"{prefix}{suffix}".lower())
            if value is None:
                return None
            if not value.lstrip("-").isdigit():
                raise errors.invalid(f"Invalid value for {prefix}{suffix}: {value}")
            return int(value)

        return cls(
            number("GenerationMatch"),
            number("GenerationNotMatch"),
            number("MetagenerationMatch"),
            number("MetagenerationNotMatch"),
        )

    def check(self, live: Version, *, reading: bool = False) -> None:
        """Let the call pass or refuse it.

        Raises:
            StorageError: 412; or 304 when a read's "not match" says nothing has changed.
        """
        if self.generation_match not in {None, live.generation}:
            raise errors.condition_not_met()
        if self.metageneration_match not in {None, live.metageneration}:
            raise errors.condition_not_met()
        # Without a live object "not match" fails whatever its value: there is nothing to differ.
        unwanted_generation = self.generation_not_match is not None and (
            live.generation in {0, self.generation_not_match}
        )
        unwanted_metageneration = self.metageneration_not_match is not None and (
            live.metageneration == self.metageneration_not_match
        )
        if unwanted_generation or unwanted_metageneration:
            raise errors.not_modified() if reading else errors.condition_not_met()


UNCONDITIONAL = Preconditions()
