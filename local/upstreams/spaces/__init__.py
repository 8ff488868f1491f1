"""Stand-ins for Hugging Face Spaces: real Gradio apps behind an imitation of the hf.space edge.

Run them from the repository root with a Python that has Gradio 4.44, 5 or 6:

    python -m local.upstreams.spaces --port 8790
"""

import os

# Gradio reads these while it is imported, so they are set before any module here can import it.
# Left alone, Gradio 5 and 6 rebuild a pandas summary after every finished event, which halves
# the throughput, and all versions report to Gradio's own servers.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
