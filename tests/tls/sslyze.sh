#!/bin/sh
# Is the TLS of a running server what Mozilla calls "intermediate"? Exit code 0: sslyze says compliant.
#
#   tests/tls/sslyze.sh HOST:PORT CA.pem
#
# sslyze (pinned) is installed from PyPI into target/sslyze at the first run.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 HOST:PORT CA.pem" >&2; exit 2; }

root=$(cd "$(dirname "$0")/../.." && pwd)
venv=${CARGO_TARGET_DIR:-$root/target}/sslyze
version=6.3.1

# A virtual environment names its own folder: one that was moved is made anew.
if ! "$venv/bin/sslyze" --help >/dev/null 2>&1 ||
    ! "$venv/bin/python" -c "import importlib.metadata as m; assert m.version('sslyze') == '$version'" 2>/dev/null; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "sslyze==$version"
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
"$venv/bin/sslyze" --mozilla_config=intermediate --certinfo_ca_file "$2" "$1" >"$report" 2>&1 || status=$?
cat "$report"
# sslyze also exits with 0 when it could not reach the server at all.
grep -q "OK - Compliant" "$report" || status=1
exit "$status"
