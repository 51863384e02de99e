"""What all tests need before the first of them runs."""

# pytest rewrites this plugin's modules when they are first imported. At the end of a session, that happens amid the
# finalizers of event loops, which CPython 3.11 cannot bear while it parses (python/cpython#106905).
import gc

import hypothesis

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("boutique", deadline=None)
hypothesis.settings.load_profile("boutique")

# Recorded graphs live until the end: looking through them again and again takes a third of the time and frees nothing.
gc.set_threshold(100_000, 20, 100)
