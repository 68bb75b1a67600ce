# Sourced by .ci/run and .ci/nightly: runs named steps, and at the end prints a table of them with their durations.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CI=true
unset DATABASE_URL REDIS_URL FAL_KEY TEST_DATABASE_URL NODE_ENV

# Output of every step, searched for secrets at the end.
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

postgres=postgres://postgres@127.0.0.1:5432/postgres
passed=0
failed=0
table=()

step() {
  local name=$1 started=$SECONDS result
  shift
  printf '\n=== %s\n' "$name"
  "$@" 2>&1 | tee "$output/$((passed + failed)).txt"
  if [ "${PIPESTATUS[0]}" -eq 0 ]; then
    passed=$((passed + 1))
    result=passed
  else
    failed=$((failed + 1))
    result=FAILED
  fi
  table+=("$(printf '%6d s  %-6s  %s' $((SECONDS - started)) $result "$name")")
  printf -- '--- %s: %s after %d s\n' "$name" $result $((SECONDS - started))
}

has_postgres() { (exec 3<>/dev/tcp/127.0.0.1/5432) 2>/dev/null; }

# Installs it when it is missing and this is root on Debian.
has_chromium() {
  command -v "${CHROMIUM:-chromium}" && return
  [ "$(id -u)" -eq 0 ] && command -v apt-get && apt-get update -q && apt-get install -qy chromium
} >/dev/null 2>&1

skipped_for() {
  printf '\n=== %s: SKIPPED, %s\n' "$1" "$2"
  table+=("$(printf '%6s    %-6s  %s' - skipped "$1")")
}

# The last line is `N passed, N failed`.
finish() {
  step 'secrets: none in the output of these steps' node --import tsx test/security/printed-secrets.ts "$output"
  printf '\n'
  printf '%s\n' "${table[@]}"
  printf '%6d s  in all\n' $SECONDS
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# As for Chromium; without a registry of packages the other tests still run.
has_swift() {
  [ -x /usr/bin/swift-proxy-server ] && return
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return
  export DEBIAN_FRONTEND=noninteractive
  timeout 300 apt-get update -q && timeout 600 apt-get install -qy --no-install-recommends \
    swift-proxy swift-account swift-container swift-object </dev/null
}

install() {
  has_swift || skipped_for 'tests with a bucket' 'OpenStack Swift is not installed'
  step 'npm ci' npm ci
  [ "$failed" -eq 0 ] && return
  printf '\nnothing is installed, so no other step can run\n0 passed, 1 failed\n'
  exit 1
}
