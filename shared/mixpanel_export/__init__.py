"""Mixpanel events into BigQuery, each exactly once.

Read it in this order: `intervals`, `messages`, `naming`, `rows` (what the parts promise each
other), then `planning`, `fetching`, `loading` (the three jobs), then the edges `mixpanel`,
`storage`, `warehouse`, `publisher` and `telemetry` (one outside system each), and last
`delivery`, which turns a push request into a job and its outcome into an answer.
"""
