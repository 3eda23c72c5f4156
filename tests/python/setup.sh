#!/bin/bash
# Installs the pinned packages that exports are opened with and the API is asked by, into tests/python/venv. Needs
# Python 3.11 or newer with venv (Debian: python3-venv) and PyPI; takes about 200 MB. A second run is free.
set -euo pipefail
cd "$(dirname "$0")"

# Two test processes at once: the second waits for the first.
exec 9>.setup.lock
if command -v flock >/dev/null; then flock 9; fi

# What is installed was installed from this list by this Python: nothing to do.
mark=venv/.kith-installed
want="$(cat requirements.txt) $(python3 --version)"
if [ "$(cat "$mark" 2>/dev/null)" = "$want" ]; then
  echo "tests/python is set up already"
  exit 0
fi

python3 -m venv --clear venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 30 --only-binary :all: \
  --require-hashes --requirement requirements.txt
printf '%s' "$want" >"$mark"
