#!/bin/bash
# Installs the pinned packages that the page is built with and tested by. Needs Node.js 20 and npm; the browser is
# Debian's package chromium.
set -euo pipefail
cd "$(dirname "$0")"
for folder in . ../../service/page; do
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund)
done
