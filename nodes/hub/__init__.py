"""The hub: repositories of models, fetched when the user asks and never otherwise.

The library that talks to the hub runs in a process of its own (`python -m nodes.hub`), so that every other process
stays without network. Nothing here needs torch.
"""
