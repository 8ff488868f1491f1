"""`make deploy`: Darkroom to the Cloudflare account that wrangler is logged in to.

Run from the repository's root. `--dry-run` shows the steps, and needs neither login nor network.
"""

import argparse
import os
import sys
from pathlib import Path

import httpx

from local.deploy import bundle
from local.deploy.first_picture import Visitor
from local.deploy.run import Deployment
from local.deploy.wrangler import DeploymentFailed, run_wrangler


def main() -> int:
    """Deploy; the exit status says whether Darkroom serves and paints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    root = Path()
    try:
        with httpx.Client(follow_redirects=False) as client:
            deployment = Deployment(
                wrangler=run_wrangler,
                visitor=Visitor(client),
                config=bundle.production_config(root),
                bundle=bundle.make(root),
                env=os.environ,
                say=lambda line: print(line, flush=True),
            )
            if arguments.dry_run:
                deployment.show()
            else:
                deployment.run()
    except DeploymentFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
