"""Writing objects: preconditions, generations, metadata, composition, copies, refusals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.storage import Client

from local.storage import StorageEmulator
from tests.contract.storage.objects import put


def test_racing_creators(bucket: Any, emulator: StorageEmulator) -> None:
    """Of ten clients that create the same object at once, exactly one wins."""
    outcomes: list[str] = []
    barrier = threading.Barrier(10)

    def create(number: int) -> None:
        client: Any = Client(project="test")
        barrier.wait()
        try:
            content = f"by {number}"
            blob = client.bucket("landing").blob("raced")
            blob.upload_from_string(content, if_generation_match=0)
            outcomes.append(content)
        except exceptions.PreconditionFailed:
            outcomes.append("lost")
        client.close()

    threads = [threading.Thread(target=create, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [outcome for outcome in outcomes if outcome != "lost"]
    assert 9 == outcomes.count("lost")
    assert winner.encode() == bucket.blob("raced").download_as_bytes()
    assert 1 == len(emulator.journal)


# Every verb that takes preconditions on the object "target", which exists.
VERBS: dict[str, Callable[..., Any]] = {
    "upload": lambda bucket, **when: bucket.blob("target").upload_from_string("new", **when),
    "download": lambda bucket, **when: bucket.blob("target").download_as_bytes(**when),
    "get": lambda bucket, **when: bucket.blob("target").reload(**when),
    "patch": lambda bucket, **when: bucket.blob("target").patch(**when),
    "delete": lambda bucket, **when: bucket.blob("target").delete(**when),
    "compose": lambda bucket, **when: bucket.blob("target").compose(
        [bucket.blob("other")], **when
    ),
    "rewrite": lambda bucket, **when: bucket.blob("target").rewrite(bucket.blob("other"), **when),
    "copy": lambda bucket, **when: bucket.copy_blob(
        bucket.blob("other"), bucket, "target", **when
    ),
}
READS = {"download", "get"}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", ["generation", "metageneration"])
def test_match_preconditions(bucket: Any, emulator: StorageEmulator, verb: str, kind: str) -> None:
    """Every verb refuses a stale "match" without any effect, and accepts the current one."""
    put(bucket, "other")
    target = put(bucket, "target")
    current = getattr(target, kind)
    before = list(emulator.journal)

    with pytest.raises(exceptions.PreconditionFailed):
        VERBS[verb](bucket, **{f"if_{kind}_match": current + 1})

    assert before == emulator.journal
    VERBS[verb](bucket, **{f"if_{kind}_match": current})


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "compose"])
@pytest.mark.parametrize("kind", ["generation", "metageneration"])
def test_not_match_preconditions(bucket: Any, verb: str, kind: str) -> None:
    """Every verb refuses a "not match" of the current value; reads call it 304."""
    put(bucket, "other")
    current = getattr(put(bucket, "target"), kind)
    expected = exceptions.NotModified if verb in READS else exceptions.PreconditionFailed

    with pytest.raises(expected):
        VERBS[verb](bucket, **{f"if_{kind}_not_match": current})

    VERBS[verb](bucket, **{f"if_{kind}_not_match": current + 1})


def test_source_preconditions(bucket: Any) -> None:
    """Copies and compositions hold preconditions against their sources, too."""
    current = put(bucket, "source").generation
    source = bucket.blob("source")

    def attempt(when: int) -> Iterator[Callable[[], Any]]:
        keyword: dict[str, Any] = {"if_source_generation_match": when}
        yield lambda: bucket.blob("a").rewrite(source, **keyword)
        yield lambda: bucket.copy_blob(source, bucket, "b", **keyword)
        yield lambda: bucket.blob("c").compose([source], if_source_generation_match=[when])

    for refused in attempt(current - 1):
        with pytest.raises(exceptions.PreconditionFailed):
            refused()
    for accepted in attempt(current):
        accepted()

    assert ["a", "b", "c", "source"] == [blob.name for blob in bucket.list_blobs()]


def test_generations(bucket: Any) -> None:
    """Generations grow with each overwrite; metagenerations with each metadata update."""
    first = put(bucket, "object")
    second = put(bucket, "object", b"changed")
    second.metadata = {"rows": "5"}
    second.patch()

    assert first.generation < second.generation
    assert (1, 2) == (first.metageneration, second.metageneration)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("object", generation=first.generation).download_as_bytes()
    # The media link of an old blob names its generation: it never reads the new content.
    with pytest.raises(exceptions.NotFound):
        first.download_as_bytes()


def test_metadata_patch(bucket: Any, emulator: StorageEmulator) -> None:
    """A patch merges custom metadata, removes nulls and leaves content and generation alone."""
    blob = put(bucket, "object", kept="1", removed="2")
    blob.metadata = {"removed": None, "added": "3"}
    blob.content_type = "application/x-ndjson"
    blob.patch()

    seen = bucket.get_blob("object")
    assert {"kept": "1", "added": "3"} == seen.metadata
    assert ("application/x-ndjson", blob.generation) == (seen.content_type, seen.generation)
    assert ("update", "landing", "object", blob.generation) == emulator.journal[-1]


def test_checksums(bucket: Any, emulator: StorageEmulator) -> None:
    """Checksums are computed for every object, and a false claim creates nothing."""
    blob = put(bucket, "object", b"hello")
    wrong = bucket.blob("wrong")
    wrong.md5_hash = blob.md5_hash

    with pytest.raises(exceptions.BadRequest, match="doesn't match calculated MD5"):
        wrong.upload_from_string(b"other", checksum=None)

    assert ("XUFAKrxLKna5cZ2REBfFkg==", "mnG7TA==") == (blob.md5_hash, blob.crc32c)
    assert 1 == len(emulator.journal)


def test_compose(bucket: Any) -> None:
    """A composite has its destination's metadata, a component count and no MD5."""
    parts = [put(bucket, f"part-{number}", b"%d\n" % number) for number in range(3)]
    target = bucket.blob("whole")
    target.metadata = {"rows": "3"}
    target.content_type = "application/x-ndjson"
    target.compose(parts, if_generation_match=0)
    target.compose([target, parts[0]], if_generation_match=target.generation)

    seen = bucket.get_blob("whole")
    assert b"0\n1\n2\n0\n" == seen.download_as_bytes()
    assert ({"rows": "3"}, "application/x-ndjson", 4, None) == (
        seen.metadata,
        seen.content_type,
        seen.component_count,
        seen.md5_hash,
    )


def test_compose_source_generation(bucket: Any) -> None:
    """A composition of a generation that has been replaced is refused, 404."""
    old = put(bucket, "part", b"old")
    put(bucket, "part", b"new")

    with pytest.raises(exceptions.NotFound):
        bucket.blob("whole").compose([old])


def test_copies(bucket: Any) -> None:
    """A copy keeps content and metadata and starts its own generation."""
    source = put(bucket, "source", rows="7")
    copy = bucket.copy_blob(source, bucket, "copy")
    bucket.blob("rewritten").rewrite(source)

    assert {"rows": "7"} == bucket.get_blob("copy").metadata
    assert {"rows": "7"} == bucket.get_blob("rewritten").metadata
    assert b"content" == bucket.blob("rewritten").download_as_bytes()
    assert source.generation < copy.generation


# What is attempted, and the status and reason that the refusal carries.
REFUSALS: dict[str, tuple[Callable[[Any], Any], int, str]] = {
    "read nothing": (lambda bucket: bucket.blob("none").reload(), 404, "notFound"),
    "delete nothing": (lambda bucket: bucket.blob("none").delete(), 404, "notFound"),
    "list no bucket": (lambda bucket: [*bucket.client.list_blobs("none")], 404, "notFound"),
    "create a bucket twice": (lambda bucket: bucket.client.create_bucket(bucket), 409, "conflict"),
    "delete a full bucket": (lambda bucket: bucket.delete(), 409, "conflict"),
    "delete another generation": (
        lambda bucket: bucket.blob("there").delete(if_generation_match=1),
        412,
        "conditionNotMet",
    ),
    "compose too many": (
        lambda bucket: bucket.blob("there").compose([bucket.blob("there")] * 33),
        400,
        "invalid",
    ),
}


@pytest.mark.parametrize("attempt", REFUSALS)
def test_refusals(bucket: Any, attempt: str) -> None:
    """A refusal carries Google's status and reason, so that the client raises its own class."""
    put(bucket, "there")
    act, status, reason = REFUSALS[attempt]

    with pytest.raises(exceptions.from_http_status(status, "").__class__) as refusal:
        act(bucket)

    error: Any = refusal.value
    (detail,) = error.errors
    assert (status, "global", reason) == (error.code, detail["domain"], detail["reason"])


def test_bucket_settings(client: Any, bucket: Any) -> None:
    """Settings are kept as sent, under the bucket's metageneration."""
    bucket.add_lifecycle_delete_rule(age=30)
    bucket.labels = {"env": "test"}
    bucket.patch(if_metageneration_match=1)

    seen = client.get_bucket("landing")
    assert ({"env": "test"}, 2) == (seen.labels, seen.metageneration)
    assert [30] == [rule["condition"]["age"] for rule in seen.lifecycle_rules]
    with pytest.raises(exceptions.PreconditionFailed):
        seen.patch(if_metageneration_match=1)
    seen.delete()
    assert [] == list(client.list_buckets())


def test_permissions(client: Any, bucket: Any) -> None:
    """Nobody checks permissions, so all that were asked about come back."""
    asked = ["storage.objects.get", "storage.objects.list", "storage.buckets.get"]

    assert asked == bucket.test_iam_permissions(asked)
    assert asked[:1] == bucket.test_iam_permissions(asked[:1])
    with pytest.raises(exceptions.NotFound):
        client.bucket("none").test_iam_permissions(asked)


@pytest.mark.parametrize("permissions", [[], ["storage.objects.*"], ["pubsub.topics.get"]])
def test_permissions_that_do_not_exist(bucket: Any, permissions: list[str]) -> None:
    """At least one permission is asked about, each of which buckets or objects have."""
    with pytest.raises(exceptions.BadRequest):
        bucket.test_iam_permissions(permissions)
