"""A stand-in for fal that speaks its HTTP protocol and renders real videos from the given image.

It is written from fal's documents (Queue API, Webhooks, Platform APIs, `fal_client`'s uploads), not
from our client, so that a test against it can show a mistake in ours. Where the documents are
silent it takes the case that is worst for a client, and says so where it does.
"""
