#!/bin/bash
# Lets schemathesis (https://schemathesis.readthedocs.io) ask everything that the API's description allows, and much
# that it does not: tests/http/schemathesis.sh http://127.0.0.1:9463 [TOKEN]
# Events are left out, since they do not end; edits, since what they say depends on the file.
set -euo pipefail
base=${1:?where does kith serve listen?}
token=${2:-}
headers=()
[ -z "$token" ] || headers=(--header "Authorization: Bearer $token")
exec schemathesis run "$base/api/v1/openapi.json" --url "$base" --seed 1 \
  --exclude-path-regex '(events|track|opt-out|opt-in)$' \
  --max-examples "${EXAMPLES:-30}" --checks all --exclude-checks unsupported_method,ignored_auth "${headers[@]}"
