#!/bin/bash
# Starts the network, records both firehoses live while populate.mjs runs, and checks what was recorded.
#   ./make-recordings.sh DIR [--seed N] [--accounts N] [--actions N]     (about 40 s)
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath -m "$1")
shift
mkdir -p "$out"
scratch=$(mktemp -d)
mkfifo "$scratch/hold"
node start.mjs --plc-port 0 --pds-ports 0,0 --until-stdin-ends <"$scratch/hold" >"$scratch/net.json" &
network=$!
exec 9>"$scratch/hold" # closing it, in whatever way this script ends, stops the network
trap 'exec 9>&-; kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$scratch"' EXIT
until [ -s "$scratch/net.json" ]; do sleep 0.2; kill -0 "$network"; done
pds() { node -p "JSON.parse(require('fs').readFileSync('$scratch/net.json')).pds[$1]"; }

node record.mjs --url "$(pds 0)" --cursor 0 --out "$out/recording.frames" 9>&- & first=$!
node record.mjs --url "$(pds 1)" --cursor 0 --out "$out/recording-pds2.frames" 9>&- & second=$!
node populate.mjs --net "$scratch/net.json" --out "$out/truth.json" "$@"
sleep 2.5 # an idle PDS polls its own database at most once a second
kill "$first" "$second"
wait "$first" "$second" || true
node check.mjs --truth "$out/truth.json" "$out/recording.frames" "$out/recording-pds2.frames"
