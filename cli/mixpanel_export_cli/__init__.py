"""The operator's tool: replays, dead letters, rejects, and what is wrong with a deployment.

Read it in this order: `deployment` (what the tool knows about one), `app` (the commands), then
each command beside the use case it calls. It runs on the operator's machine with the operator's
own credentials and is never part of a function.
"""
