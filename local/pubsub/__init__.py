"""Pub/Sub on a laptop: at-least-once delivery, for Google's own clients.

What it emulates: topics, subscriptions, publish, pull, push with the wrapped envelope, filters,
backoff, ack deadlines, dead letters, and permissions, which everybody has. What it does not
emulate is refused with UNIMPLEMENTED.
"""

from local.pubsub.emulator import PubSubEmulator

__all__ = ["PubSubEmulator"]
