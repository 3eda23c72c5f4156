#!/bin/bash
# Installs the pinned packages and builds the one native addon (better-sqlite3) from source.
# Needs Node.js 20 with its headers, npm, g++, make and python3. Takes about 100 s and 245 MB; a second run is free.
set -euo pipefail
cd "$(dirname "$0")"

major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  echo "setup.sh: node $(node --version) is too old: the PDS needs 20 or newer" >&2
  exit 1
fi

# What is installed was built from this lock file by this node: nothing to do.
mark=node_modules/.kith-built
want="$(sha256sum <package-lock.json) $(node --version)"
if [ "$(cat "$mark" 2>/dev/null)" = "$want" ]; then
  echo "tests/network is set up already"
  exit 0
fi

npm ci --ignore-scripts
# Headers: where node itself was installed (Debian's nodejs: /usr; older ones: the package libnode-dev).
export npm_config_nodedir=${npm_config_nodedir:-$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")}
export npm_config_build_from_source=true # otherwise it first asks another host for a prebuilt one
npm rebuild better-sqlite3
node -e 'new (require("better-sqlite3"))(":memory:"); console.log("node", process.version, "better-sqlite3 loads")'
echo "$want" >"$mark"
