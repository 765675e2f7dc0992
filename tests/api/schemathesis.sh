#!/bin/sh
# Does a running server answer as it says it does? Schemathesis reads the OpenAPI document that the server serves and
# asks everything in it, with good and bad input, as an administrator and as an ordinary user.
#
#   tests/api/schemathesis.sh https://HOST:PORT CA.pem ADMIN PASSWORD
#
# No 5xx, no status, header, media type or body that is not in the document. Bounded in time. Schemathesis (pinned) is
# installed from PyPI into target/schemathesis at the first run. What would end the asking sign-in is left out.
set -eu
[ $# -eq 4 ] || { echo "usage: $0 URL CA.pem ADMIN PASSWORD" >&2; exit 2; }
url=$1 ca=$2 admin=$3 password=$4

root=$(cd "$(dirname "$0")/../.." && pwd)
venv=${CARGO_TARGET_DIR:-$root/target}/schemathesis
version=4.32.5
seconds=${SCHEMATHESIS_SECONDS:-40}

# A virtual environment names its own folder: one that was moved is made anew.
if ! "$venv/bin/schemathesis" --version >/dev/null 2>&1 ||
    ! "$venv/bin/python" -c "import importlib.metadata as m; assert m.version('schemathesis') == '$version'" 2>/dev/null; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
fi

ask() { curl -sSf --cacert "$ca" -H 'Content-Type: application/json' "$@"; }
field() { python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }
sign_in() { ask -d "{\"username\":\"$1\",\"password\":\"$2\"}" "$url/api/auth/login" | field token; }

token=$(sign_in "$admin" "$password")
as_admin() { ask -H "Authorization: Bearer $token" "$@"; }
make_user() { as_admin -d "{\"username\":\"$1\",\"password\":\"$password\"}" "$url/api/users" | field id; }
plain_id=$(make_user schemathesis)
target=$(make_user somebody)
plain=$(sign_in schemathesis "$password")
channel=$(as_admin -d "{\"name\":\"ward\",\"members\":[\"$plain_id\",\"$target\"]}" "$url/api/channels" | field id)
message=$(as_admin -d "{\"channelId\":\"$channel\",\"text\":\"hello\"}" "$url/api/messages" | field id)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ask "$url/api/openapi.json" >"$work/openapi.json"

# What exists is asked for as well as what does not.
cat >"$work/schemathesis.toml" <<TEXT
[[operations]]
include-path-regex = "^/api/channels/"
parameters = { "path.id" = "$channel", "path.user" = "$target" }
[[operations]]
include-path-regex = "^/api/messages/"
parameters = { "path.id" = "$message" }
[[operations]]
include-path-regex = "^/api/users/"
parameters = { "path.id" = "$target" }
TEXT

checks=not_a_server_error,status_code_conformance,content_type_conformance
checks=$checks,response_headers_conformance,response_schema_conformance
status=0
for who in admin user; do
    [ $who = admin ] && bearer=$token || bearer=$plain
    echo "=== as $who"
    (cd "$work" && "$venv/bin/schemathesis" run "$work/openapi.json" --url "$url" \
        --tls-verify "$ca" --header "Authorization: Bearer $bearer" --checks "$checks" \
        --phases coverage,fuzzing --max-time "$seconds" --max-examples 1000 --seed 20261120 \
        --generation-database none --no-color --workers 1 --warnings off --request-retries 2 \
        --exclude-path-regex '^/api/auth/|/password$|/password-reset|/terminate-sessions$|/sessions' \
        --suppress-health-check all) || status=1
done
exit $status
