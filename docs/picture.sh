#!/usr/bin/env bash
# Makes the picture of the console in README.md from a real run: a real server, a real agent's requests, the real console
# in tmux. Needs tmux and `cargo build --workspace --bins` (or BIN=DIR with the programs). Writes between the marks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$(cd "${BIN:-target/debug}" && pwd)
readme=$PWD/README.md
home=$(mktemp -d)
server=
cleanup() {
    tmux -L ccc-picture kill-server 2>/dev/null || true
    [ -n "$server" ] && kill "$server" 2>/dev/null
    rm -rf "$home"
}
trap cleanup EXIT

export HOME=$home PATH=$bin:$PATH
cd "$home"
mkdir workspace
ccc-keygen --create user,builder,writer --can-approve user=builder,writer 2>/dev/null
cat >config.toml <<'TOML'
secrets = "secrets.json"
data = "data"
port = 0
[desktop]
browser = ["firefox", "{url}"]
[volumes]
"/workspace" = "workspace"
[actions.deploy]
description = "Deploy the site"
policy = "queue"
risk = "high"
params.stage = { type = "enum", values = ["test", "production"], required = true }
run = ["true", "{stage}"]
TOML
ccc-server --config config.toml --dry-run 2>server.log &
server=$!
until url=$(grep -om1 'http://127.0.0.1:[0-9]*' server.log); do kill -0 "$server"; done

ask() { ccc-client --secrets secrets.json --user "$1" --url "$url" "$2" >/dev/null 2>&1; }
ask writer '{"action":"open-browser","url":"https://docs.rs/hyper/latest/hyper/"}'
ask builder '{"action":"deploy","stage":"production"}'
ask builder '{"action":"open-terminal","path":"/workspace"}'

tmux -L ccc-picture new-session -d -x 108 -y 24 "ccc-queue --secrets secrets.json --user user --url $url"
screen() { tmux -L ccc-picture capture-pane -p; }
until screen | grep -q '3 waiting' && screen | grep -q 'WHAT WOULD HAPPEN'; do kill -0 "$server"; done
tmux -L ccc-picture send-keys G
until screen | grep -q 'docs.rs/hyper/latest/hyper/$' && screen | grep -q 'ready'; do kill -0 "$server"; done
screen | sed "s/localhost:[0-9]*\|127.0.0.1:[0-9]*/localhost:3015/; s/ *$//" >picture.txt

python3 - "$readme" picture.txt <<'PY'
import re, sys
readme, picture = sys.argv[1:]
text = open(readme).read()
made = "<!-- picture: made by docs/picture.sh -->\n```text\n" + open(picture).read().rstrip("\n") + "\n```\n<!-- end of picture -->"
text, count = re.subn(r"<!-- picture: .*?<!-- end of picture -->", lambda _: made, text, flags=re.S)
assert count == 1, "README.md has no place for the picture"
open(readme, "w").write(text)
PY
echo "README.md has a new picture"
