"""Hand-written stand-ins for everything outside the use cases.

Each keeps the promises that Google or Mixpanel document for the real thing, and no more. All of
one test share one `Journal`: the order of what happened, and the faults to come.
"""
