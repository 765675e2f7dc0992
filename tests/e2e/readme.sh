#!/bin/bash
# Holds the README to its word: runs the shell blocks of "A first conversation" as they stand, one after the other in
# one shell, and looks for the output that the README shows.
#
#   tests/e2e/readme.sh PROGRAM
#
# Two things are arranged around it: the folder is a temporary one, and `cargo run --release` starts PROGRAM, because
# building the release takes longer than all the rest.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 PROGRAM" >&2; exit 2; }

root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "$1")
work=$(mktemp -d)
# The conversation's shell leads a group of its own, which holds whatever it started.
trap '[ -z "${shell:-}" ] || kill -KILL -- "-$shell" 2>/dev/null || true; rm -rf "$work"' EXIT

# blocks LANGUAGE: the lines within the fences of that language in the section.
blocks() {
    awk -v fence="\`\`\`$1" '
        /^## / { inside = ($0 == "## A first conversation"); next }
        inside && $0 == fence { open = 1; next }
        /^```$/ { open = 0; next }
        inside && open' "$root/README.md"
}

mkdir "$work/clone"
ln -s "$root/tests" "$work/clone/tests"
{
    echo 'set -euo pipefail'
    echo 'cargo() { [ "$*" = "run --release" ] && exec "$PROGRAM"; }'
    blocks sh
    # The last command asks the server to stop; that has to end well.
    echo 'wait $!'
} >"$work/conversation.sh"
blocks text >"$work/expected"
[ -s "$work/expected" ] && grep -q 'kill -9' "$work/conversation.sh" || { echo "the README has no conversation" >&2; exit 1; }

port=$(node -e 's = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
cd "$work/clone"
set -m
env -u DATA_DIR PROGRAM="$program" PORT="$port" timeout -k 5 120 bash "$work/conversation.sh" >"$work/output" 2>&1 &
shell=$!
set +m
status=0
wait "$shell" || status=$?
cat "$work/output"
[ "$status" -eq 0 ] || { echo "the conversation ended with exit code $status" >&2; exit 1; }

while IFS= read -r line; do
    sed 's/ *$//' "$work/output" | grep -xF -e "$line" >/dev/null || { echo "the README promises, and it did not come: $line" >&2; exit 1; }
done <"$work/expected"
if grep -rqa 'potassium' data; then
    echo "a message can be read from the data folder" >&2
    exit 1
fi
