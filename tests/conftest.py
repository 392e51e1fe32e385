"""What all tests share: the same examples in every run, and no test that waits for the network."""

from __future__ import annotations

import hypothesis

# Generated examples are the same in every run, so a failure is a failure of the change and not of the day. The long
# forms (`--hypothesis-profile=search`) look for new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("suite")
